//! Simulated time.
#![expect(clippy::unchecked_time_subtraction, reason = "a test may stop at its first surprise")]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const MILLI: Duration = Duration::from_millis(1);
/// When the first attempt begins.
const START: Duration = secs(1000);

/// As they are when nothing is said: 5 min, 30 s before, 10 s, 1 h.
fn usual() -> Cadence {
    Cadence::new(Arc::new(KeyOptions::default()))
}

/// One whose first attempt began at the start, and has brought keys.
fn fetched() -> Cadence {
    let mut cadence = usual();
    assert_eq!(cadence.begin(START), Ok(1));
    cadence.succeeded(None);
    cadence
}

#[test]
fn the_first_attempt_begins_at_once_and_is_the_only_one_under_way() {
    for boot in [Duration::ZERO, secs(1), START] {
        let mut cadence = usual();
        assert_eq!(cadence.begin(boot), Ok(1));
        for later in [0, 1, 10, 10_000] {
            assert!(cadence.begin(boot + secs(later)).is_err());
        }
    }
}

#[test]
fn keys_are_fetched_again_ahead_of_time() {
    let mut cadence = fetched();
    assert_eq!(cadence.begin(START + secs(270) - MILLI), Err(MILLI));
    assert_eq!(cadence.begin(START + secs(270)), Ok(2));
}

#[test]
fn a_provider_may_want_to_be_asked_more_often_but_not_more_often_than_that() {
    for (said, pause) in
        [(0, 10), (1, 10), (20, 10), (40, 20), (60, 30), (200, 170), (300, 270), (1 << 40, 270)]
    {
        let mut cadence = usual();
        cadence.begin(START).unwrap();
        cadence.succeeded(Some(secs(said)));
        assert_eq!(cadence.begin(START), Err(secs(pause)), "{said} s");
    }
}

#[test]
fn keys_serve_for_a_while_from_the_beginning_of_their_attempt() {
    let mut cadence = usual();
    cadence.begin(START).unwrap();
    assert_eq!(cadence.succeeded(None), START + secs(3600));
}

#[test]
fn failures_make_the_pause_longer_up_to_a_limit_and_a_success_ends_that() {
    let mut cadence = usual();
    let mut now = START;
    for (failures, longest) in [(1, 20), (2, 30), (3, 50), (4, 90), (5, 170), (6, 300), (7, 300), (99, 300)] {
        while cadence.failures() < failures {
            now = START.max(now);
            now += cadence.begin(now).err().unwrap_or_default();
            if cadence.failures() > 0 {
                cadence.begin(now).unwrap();
            }
            cadence.failed(None); // as long as it may be
        }
        assert_eq!(cadence.begin(now), Err(secs(longest)), "{failures}");
    }
    now += secs(300);
    cadence.begin(now).unwrap();
    cadence.succeeded(None);
    assert_eq!((cadence.failures(), cadence.begin(now)), (0, Err(secs(270))));
}

#[test]
fn the_pause_after_a_failure_is_random_and_never_below_the_cooldown() {
    let mut seen = Vec::new();
    for random in [0, 1, 5_000, 9_999, 10_000, u64::MAX] {
        let mut cadence = usual();
        cadence.begin(START).unwrap();
        cadence.failed(Some(random));
        let pause = cadence.begin(START).unwrap_err();
        assert!((secs(10)..=secs(20)).contains(&pause), "{pause:?}");
        seen.push(pause);
    }
    assert!(seen.iter().any(|pause| *pause != seen[0]));
}

#[test]
fn a_key_is_unknown_once_it_was_looked_for_after_it_was_asked_for() {
    let mut cadence = fetched();
    let now = START + secs(20);
    assert_eq!(cadence.miss(7, Some(1), now), Miss::Wanted);
    assert_eq!(cadence.miss(7, Some(1), now), Miss::Wait);
    assert_eq!(cadence.begin(now), Ok(2));
    assert_eq!(cadence.miss(7, Some(1), now), Miss::Wait, "it is being looked for");
    // Asked for while the provider may have answered already.
    assert_eq!(cadence.miss(8, Some(1), now), Miss::Wanted);
    cadence.succeeded(None);
    assert_eq!(cadence.miss(7, Some(2), now), Miss::Unknown);
    assert_eq!(cadence.miss(8, Some(2), now), Miss::Wait);
    assert_eq!(cadence.begin(now), Err(secs(10)), "what was unknown is no reason to ask sooner");
    assert_eq!(cadence.begin(now + secs(10)), Ok(3));
    cadence.succeeded(None);
    assert_eq!(cadence.miss(8, Some(3), now + secs(10)), Miss::Unknown);
    // It may have come since.
    let end = now + secs(300);
    assert_eq!(cadence.miss(7, Some(3), end - MILLI), Miss::Unknown);
    assert_eq!(cadence.miss(7, Some(3), end), Miss::Wanted);
}

#[test]
fn an_attempt_in_vain_tells_nothing_of_a_key() {
    let mut cadence = fetched();
    let now = START + secs(20);
    assert_eq!(cadence.miss(7, Some(1), now), Miss::Wanted);
    cadence.begin(now).unwrap();
    cadence.failed(None);
    assert_eq!(cadence.miss(7, Some(1), now), Miss::Wanted);
    // Who asks need not wait as long as nobody would.
    assert_eq!(cadence.begin(now + secs(10) - MILLI), Err(MILLI));
    assert_eq!(cadence.begin(now + secs(10)), Ok(3));
}

#[test]
fn without_keys_those_that_are_coming_are_waited_for() {
    let mut cadence = usual();
    cadence.begin(START).unwrap();
    assert_eq!(cadence.miss(7, None, START), Miss::Wait);
    cadence.failed(None);
    assert_eq!(cadence.miss(7, None, START), Miss::Wanted);
    assert_eq!(cadence.begin(START), Err(secs(10)));
}

#[test]
fn a_flood_of_made_up_keys_is_one_attempt_a_cooldown_and_takes_no_more_room() {
    let mut cadence = fetched();
    let (mut now, mut begun, mut brought_by) = (START + secs(20), 0, 1);
    for kid in 0..10_000 {
        assert_ne!(cadence.miss(kid, Some(brought_by), now), Miss::Unknown);
        if let Ok(attempt) = cadence.begin(now) {
            begun += 1;
            cadence.succeeded(None);
            brought_by = attempt;
        }
        now += Duration::from_micros(100);
    }
    assert_eq!(begun, 1);
    assert_eq!((cadence.missing.since.len(), cadence.missing.ends.len()), (1024, 1024));
    assert_eq!(cadence.begin(now), Err(secs(9)));
    // Where there is no room, one is asked for each time, within the cooldown.
    assert_eq!(cadence.miss(9_999, Some(brought_by), now), Miss::Wait);
    now += secs(300);
    assert_eq!(cadence.begin(now), Ok(3));
    assert_eq!(cadence.miss(9_999, Some(2), now), Miss::Wanted);
    assert_eq!((cadence.missing.since.len(), cadence.missing.ends.len()), (1, 1));
}

/// What may happen.
#[derive(Debug, Clone)]
enum Event {
    Pass(Duration),
    Begin,
    /// Waits for as long as it says, then begins.
    WaitAndBegin,
    Succeed(Option<Duration>),
    Fail(Option<u64>),
    Ask(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (0..30_000_u64).prop_map(|millis| Event::Pass(Duration::from_millis(millis))),
        Just(Event::Begin),
        Just(Event::WaitAndBegin),
        option::of((0..1000_u64).prop_map(secs)).prop_map(Event::Succeed),
        option::of(any::<u64>()).prop_map(Event::Fail),
        (0..8_u64).prop_map(Event::Ask),
    ]
}

proptest! {
    /// Whatever happens, a provider is asked by one attempt at a time, as seldom as agreed and as often as needed, and a key is
    /// called unknown only by keys whose attempt began after it was asked for.
    #[test]
    fn the_agreed_rates_hold(events in vec(event(), 1..200), room in 1..8_usize) {
        let options = KeyOptions::default().unknown_kids(room);
        let mut cadence = Cadence::new(Arc::new(options.clone()));
        let mut now = START;
        let mut last = None;
        let (mut under_way, mut held) = (None, None);
        let mut asked: Vec<(u64, u64, Duration)> = Vec::new(); // the key, attempts begun by then, and when
        for event in events {
            match event {
                Event::Pass(span) => now += span,
                Event::Begin | Event::WaitAndBegin => {
                    let mut begun = cadence.begin(now);
                    if let (Err(wait), Event::WaitAndBegin, None) = (begun, &event, under_way) {
                        prop_assert!(wait <= options.refresh_after, "{wait:?}");
                        prop_assert!(cadence.begin(now + wait - Duration::from_nanos(1)).is_err());
                        now += wait;
                        begun = cadence.begin(now);
                        prop_assert!(begun.is_ok());
                    }
                    if let Ok(attempt) = begun {
                        prop_assert!(under_way.is_none());
                        prop_assert!(last.is_none_or(|last| now - last >= options.cooldown));
                        (last, under_way) = (Some(now), Some(attempt));
                    }
                }
                Event::Succeed(age) if under_way.is_some() => {
                    let until = cadence.succeeded(age);
                    prop_assert_eq!(until, last.unwrap() + options.stale_if_error);
                    held = under_way.take();
                }
                Event::Fail(random) if under_way.is_some() => {
                    cadence.failed(random);
                    under_way = None;
                }
                Event::Succeed(_) | Event::Fail(_) => {}
                Event::Ask(key) => {
                    let begun = cadence.attempts();
                    let miss = cadence.miss(key, held, now);
                    asked.push((key, begun, now));
                    if miss == Miss::Unknown {
                        let told = |(other, begun, at): &(u64, u64, Duration)| {
                            *other == key
                                && held.is_some_and(|held| *begun < held)
                                && now - *at < options.refresh_after
                        };
                        prop_assert!(asked.iter().any(told));
                    } else if under_way.is_none() {
                        // It is looked for as soon as that may be.
                        let due = last.map_or(now, |last| now.max(last + options.cooldown));
                        prop_assert_eq!(cadence.begin(now).err().unwrap_or_default(), due - now);
                        if due == now {
                            (last, under_way) = (Some(now), Some(cadence.attempts()));
                        }
                    }
                    prop_assert!(cadence.missing.since.len() <= room);
                    prop_assert_eq!(cadence.missing.since.len(), cadence.missing.ends.len());
                }
            }
        }
    }
}
