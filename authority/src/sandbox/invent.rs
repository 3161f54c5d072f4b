//! People and groups that nobody could take for real ones, the same in every sandbox: names out of syllables, with all
//! that goes wrong with names among them. Mail is at example.com (RFC 2606), telephones are of the range that films have.

use gatepass::wire::adap::Attributes;
use gatepass::{Dn, Result, Timestamp};
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::tree::{as_uuid, insert};

const GIVEN: [&str; 24] = [
    "Ambrel",
    "Brindle",
    "Corvane",
    "Délia",
    "Éowara",
    "Fenwick",
    "Grizelda",
    "Håkonn",
    "Îlune",
    "Jorrik",
    "Kestrelle",
    "Lumi",
    "Mirabo",
    "Nymphéa",
    "Ödrik",
    "Pippilo",
    "Quillan",
    "Rosmund",
    "Søryn",
    "Tamsinka",
    "Ulvar",
    "Vixana",
    "Wrenna",
    "Žofrik",
];
const FAMILY: [&str; 20] = [
    "Ashgrove-Test",
    "Blütenstaub",
    "Cobblepot",
    "Dandelionsson",
    "Eldermoss",
    "Fiddlewood",
    "Gløgg",
    "Honeydew",
    "Inkwell",
    "Jabberfeld",
    "Kettleblack",
    "Lanternjaw",
    "Mümmelmann",
    "Nettlebed",
    "O'Quux",
    "Pumpernickel",
    "Quagmire",
    "Rumpelstil",
    "Sample",
    "Thistledown",
];
const TITLES: [&str; 6] =
    ["Engineer", "Accountant", "Gardener", "Night Watch", "Lighthouse Keeper", "Librarian"];
const DEPARTMENTS: [&str; 5] = ["Engineering", "Finance", "Greenhouse", "Night Shift", "Library"];
const TOWNS: [&str; 4] = ["Nowhere", "Sampleton", "Åbäke", "Testville"];
const LANGUAGES: [&str; 5] = ["en", "de", "fr", "he", "ar"];

/// The topmost entry, and the two below it that hold people and groups.
pub(super) struct Roots {
    pub(super) people: i64,
    pub(super) groups: i64,
}

/// Makes the topmost entries.
pub(super) fn roots(conn: &Connection, base: &Dn, now: Timestamp) -> Result<Roots> {
    let class = match base.naming().first().map(|(kind, _)| kind.to_ascii_lowercase()).as_deref() {
        Some("dc") => "domain",
        Some("ou") => "organizationalUnit",
        Some("o") => "organization",
        _ => "extensibleObject",
    };
    let add = |dn: String, parent, class: &str| -> Result<i64> {
        let name = Dn::parse("sandboxBase", &dn)?;
        let attributes = Attributes::from([("objectClass", ["top", class])]);
        Ok(insert(conn, &name, parent, attributes, now, stable(&dn))?.id)
    };
    let top = add(base.to_string(), None, class)?;
    let people = add(format!("ou=People,{base}"), Some(top), "organizationalUnit")?;
    let groups = add(format!("ou=Groups,{base}"), Some(top), "organizationalUnit")?;
    Ok(Roots { people, groups })
}

/// Makes so many people.
pub(super) fn people(conn: &Connection, base: &Dn, roots: &Roots, count: u64, now: Timestamp) -> Result<()> {
    for number in 1..=count {
        let dn = person_dn(number, base);
        let name = Dn::parse("dn", &dn)?;
        insert(conn, &name, Some(roots.people), person(number, base), now, stable(&dn))?;
    }
    Ok(())
}

/// Makes the groups that so many people are in: one for each twenty, and the one of the admins, who is the first person.
pub(super) fn groups(conn: &Connection, base: &Dn, roots: &Roots, people: u64, now: Timestamp) -> Result<()> {
    let add = |cn: &str, description: String, members: Vec<String>| -> Result<()> {
        let dn = format!("cn={},ou=Groups,{base}", Dn::escape(cn));
        let mut attributes = Attributes::new()
            .with("objectClass", ["top", "groupOfNames"])
            .with("cn", [cn])
            .with("description", [description]);
        if !members.is_empty() {
            attributes.insert("member", members);
        }
        let name = Dn::parse("dn", &dn)?;
        insert(conn, &name, Some(roots.groups), attributes, now, stable(&dn)).map(drop)
    };
    let first = (people > 0).then(|| person_dn(1, base));
    add("admins", "Who is in it may do everything here".to_owned(), first.into_iter().collect())?;
    let count = people.div_ceil(20);
    for group in 0..count {
        let town = pick(&TOWNS, group, 1);
        let name = match group % 10 {
            3 => format!("{town}, \"Guild\" {group:05}"),
            7 => format!("גילדה {group:05}"),
            _ => format!("{town} Guild {group:05}"),
        };
        // Each person is in one of them, and each third in a second one.
        let own = (group + 1..=people).step_by(usize::try_from(count).unwrap_or(usize::MAX));
        let guests = (1..=people).skip(usize::try_from(group * 20).unwrap_or(usize::MAX)).take(20);
        let guests = guests.filter(|number| number % 3 == 0 && (number - 1) % count != group);
        let members = own.chain(guests).map(|number| person_dn(number, base)).collect();
        add(&name, format!("An invented guild of {town}"), members)?;
    }
    Ok(())
}

/// Most are named by their `uid`, and each twentieth by a `cn` that has to be escaped.
fn person_dn(number: u64, base: &Dn) -> String {
    if number % 20 == 13 {
        return format!("cn={},ou=People,{base}", Dn::escape(&full_name(number)));
    }
    format!("uid={},ou=People,{base}", uid(number))
}

fn uid(number: u64) -> String {
    format!("p{number:07}")
}

fn full_name(number: u64) -> String {
    let (given, family) = (given(number), family(number));
    match number % 20 {
        13 => format!("{family}, {given} #{number}"),
        4 => format!("{given} \"Bolt\" {family}"),
        17 => format!("{given} {family} + Söhne <test> \\ {number}"),
        9 => format!("דוגמה בדיוני {number}"),
        19 => format!("مثال خيالي {number}"),
        11 => format!("試験 太郎{number}"),
        _ => format!("{given} {family}"),
    }
}

fn given(number: u64) -> &'static str {
    pick(&GIVEN, number, 7)
}

fn family(number: u64) -> &'static str {
    pick(&FAMILY, number, 11)
}

/// One of these, by a number whose neighbours take others.
fn pick(list: &[&'static str], number: u64, stride: u64) -> &'static str {
    let count = list.len() as u64;
    let at = (number.wrapping_mul(stride).wrapping_add(number / count)) % count.max(1);
    usize::try_from(at).ok().and_then(|at| list.get(at)).copied().unwrap_or("Sample")
}

fn person(number: u64, base: &Dn) -> Attributes {
    let (uid, name) = (uid(number), full_name(number));
    let mut attributes = Attributes::new()
        .with("objectClass", ["top", "person", "organizationalPerson", "inetOrgPerson"])
        .with("uid", [uid.as_str()])
        .with("cn", [name.as_str()])
        .with("sn", [family(number)])
        .with("givenName", [given(number)])
        .with("displayName", [name.as_str()])
        .with("mail", [format!("{uid}@example.com")])
        .with("telephoneNumber", [format!("+1-202-555-{:04}", 100 + number % 100)])
        .with("title", [pick(&TITLES, number, 5)])
        .with("departmentNumber", [pick(&DEPARTMENTS, number, 3)])
        .with("employeeNumber", [number.to_string()])
        .with("employeeType", [if number.is_multiple_of(10) { "Contractor" } else { "Employee" }])
        .with("l", [pick(&TOWNS, number, 3)])
        .with("preferredLanguage", [pick(&LANGUAGES, number, 2)])
        .with("active", [if number % 25 == 24 { "FALSE" } else { "TRUE" }]);
    if number > 1 {
        attributes.insert("manager", [person_dn(number.div_ceil(10), base)]);
    }
    attributes
}

/// The same for the same name in every sandbox (RFC 9562 section 5.8).
fn stable(dn: &str) -> String {
    let digest = Sha256::digest(dn.as_bytes());
    let bytes = digest.first_chunk::<16>().copied().unwrap_or_default();
    as_uuid(bytes, 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_the_same_in_every_sandbox_and_have_names_of_all_kinds() {
        let base = Dn::parse("dn", "o=acme").unwrap();
        let names: Vec<String> = (1..=200).map(full_name).collect();
        for kind in [",", "\"", "+", "<", "\\", "#", "é", "ö", "ד", "م", "試", "'"] {
            assert!(names.iter().any(|name| name.contains(kind)), "{kind}");
        }
        for number in 1..=200 {
            let name = Dn::parse("dn", &person_dn(number, &base)).unwrap();
            let person = person(number, &base);
            let (kind, value) = name.naming().remove(0);
            assert!(person.get(&kind).unwrap().contains(&value), "{name}");
            assert!(person.first("mail").unwrap().ends_with("@example.com"));
        }
        assert_eq!(person_dn(13, &base), person_dn(13, &base));
        assert_eq!(stable("o=acme"), stable("o=acme"));
        assert_eq!(stable("o=acme").as_bytes()[14], b'8');
    }
}
