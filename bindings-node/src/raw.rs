//! A function for JavaScript that costs little to call: the one place here where Node-API is spoken without
//! `napi-derive`, and so the one with `unsafe` of its own.
//!
//! What the derived glue does for every call (a receiver to unwrap, scopes for borrows, a copy of each string on the
//! heap) takes several times as long as a check. Here the state hangs on the function itself, strings are read into
//! the stack, and a small number comes back.
#![expect(unsafe_code, reason = "raw calls of Node-API: each is given what its documentation asks for")]

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::bindgen_prelude::{Env, FromNapiValue, Function, Unknown};
use napi::{Result, check_status, sys};

/// Of a text no more is read: whatever is longer than a header may be is denied, as long as it is seen to be longer.
const MOST: usize = 8 * 1024 + 8;
/// A header with a secret of our own form has 61 bytes, one with a JWT up to a thousand or so. Where there is room for the
/// most that its characters could take, V8 writes it without looking at each.
const USUAL: usize = 4096 - 64;
/// The most bytes that one character takes: where so many are left, there was no more to read.
const CHARACTER: usize = 4;

/// An argument.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Given<'a> {
    /// Nothing: absent, `undefined`, `null`, or a list without values.
    Nothing,
    /// One text, as UTF-8; half of a surrogate pair comes as U+FFFD.
    Text(&'a [u8]),
    /// A list of several values.
    Several,
    /// What is none of these.
    Other,
}

/// An answer.
#[derive(Debug)]
pub(crate) enum Said<'a> {
    /// A small number, which allocates nothing.
    Number(i32),
    /// A text.
    Text(&'a str),
}

/// What a function does: it has a state, and is called with two arguments.
pub(crate) trait Body: 'static {
    /// Answers a call. `answer` gives the answer to JavaScript, and is called once.
    fn call(&self, first: Given<'_>, second: Given<'_>, answer: &mut dyn FnMut(Said<'_>));
    /// The answer where a call panicked: a defect, which must not pass into JavaScript.
    const PANICKED: i32;
}

/// Makes a function of this name, which owns `body` and drops it when JavaScript forgets the function.
pub(crate) fn function<'env, B: Body>(
    env: &'env Env,
    name: &str,
    body: B,
) -> Result<Function<'env, Unknown<'env>, Unknown<'env>>> {
    let data = Box::into_raw(Box::new(body)).cast::<c_void>();
    let mut function = ptr::null_mut();
    let length = name.len().cast_signed();
    // SAFETY: `name` and its length belong together and are copied; `data` lives until the finalizer below runs.
    let made = unsafe {
        sys::napi_create_function(
            env.raw(),
            name.as_ptr().cast(),
            length,
            Some(called::<B>),
            data,
            &raw mut function,
        )
    };
    check_status!(made, "a function could not be made")?;
    // SAFETY: `function` was just made; `forgotten` takes `data` back once, and nobody else does.
    let owned = unsafe {
        sys::napi_add_finalizer(
            env.raw(),
            function,
            data,
            Some(forgotten::<B>),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    check_status!(owned, "a function could not be given its state")?;
    // SAFETY: `function` is a function of this environment.
    unsafe { Function::from_napi_value(env.raw(), function) }
}

extern "C" fn forgotten<B: Body>(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    // SAFETY: `function` made this pointer of a box of this very type, and Node-API gives it back once.
    let body = unsafe { Box::from_raw(data.cast::<B>()) };
    // A panic must not pass into Node.js.
    catch_unwind(AssertUnwindSafe(|| drop(body))).ok();
}

extern "C" fn called<B: Body>(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut given = [ptr::null_mut(); 2];
    let (mut count, mut data) = (given.len(), ptr::null_mut());
    // SAFETY: there is room for as many arguments as `count` says; what was not given is set to `undefined`.
    let read = unsafe {
        sys::napi_get_cb_info(env, info, &raw mut count, given.as_mut_ptr(), ptr::null_mut(), &raw mut data)
    };
    if read != sys::Status::napi_ok {
        return ptr::null_mut();
    }
    // SAFETY: `function` gave this pointer to this function; it is good for as long as the function can be called.
    let body = unsafe { &*data.cast::<B>() };
    let mut result = ptr::null_mut();
    let mut answer = |said: Said<'_>| {
        // SAFETY: the text and its length belong together and are copied.
        unsafe {
            match said {
                Said::Number(number) => sys::napi_create_int32(env, number, &raw mut result),
                // Most are ASCII, which is copied as it is.
                Said::Text(text) if text.is_ascii() => sys::napi_create_string_latin1(
                    env,
                    text.as_ptr().cast(),
                    text.len().cast_signed(),
                    &raw mut result,
                ),
                Said::Text(text) => sys::napi_create_string_utf8(
                    env,
                    text.as_ptr().cast(),
                    text.len().cast_signed(),
                    &raw mut result,
                ),
            };
        }
    };
    let called = catch_unwind(AssertUnwindSafe(|| {
        let [first, second] = given;
        read_argument(env, first, |first| {
            if is_nothing(env, second) {
                return body.call(first, Given::Nothing, &mut answer);
            }
            read_argument(env, second, |second| body.call(first, second, &mut answer));
        });
    }));
    if called.is_err() {
        answer(Said::Number(B::PANICKED));
    }
    result
}

fn is_nothing(env: sys::napi_env, value: sys::napi_value) -> bool {
    let mut kind = 0;
    // SAFETY: `value` is an argument of this call.
    let read = unsafe { sys::napi_typeof(env, value, &raw mut kind) };
    read == sys::Status::napi_ok && matches!(kind, sys::ValueType::napi_undefined | sys::ValueType::napi_null)
}

/// Reads an argument and gives it to `then`. The text is tried first: it is what nearly every call brings.
fn read_argument(env: sys::napi_env, value: sys::napi_value, then: impl FnOnce(Given<'_>)) {
    let mut buffer = [MaybeUninit::<u8>::uninit(); USUAL];
    match read_text(env, value, &mut buffer) {
        Some(text) if text.len() < USUAL - CHARACTER => then(Given::Text(text)),
        Some(_) => {
            let mut buffer = vec![MaybeUninit::uninit(); MOST + 1];
            then(read_text(env, value, &mut buffer).map_or(Given::Other, Given::Text));
        }
        None => read_other(env, value, then),
    }
}

/// As much of a text as fits, whole characters; none where it is no text.
fn read_text(env: sys::napi_env, value: sys::napi_value, buffer: &mut [MaybeUninit<u8>]) -> Option<&[u8]> {
    let mut length = 0;
    // SAFETY: no more than the buffer's length is written, and `length` says how much was.
    unsafe {
        let read = sys::napi_get_value_string_utf8(
            env,
            value,
            buffer.as_mut_ptr().cast(),
            buffer.len(),
            &raw mut length,
        );
        (read == sys::Status::napi_ok)
            .then(|| std::slice::from_raw_parts(buffer.as_ptr().cast(), length.min(buffer.len())))
    }
}

/// Reads what is no text: nothing, or a list of headers, whose one value counts.
#[cold]
fn read_other(env: sys::napi_env, value: sys::napi_value, then: impl FnOnce(Given<'_>)) {
    if is_nothing(env, value) {
        return then(Given::Nothing);
    }
    let (mut is_array, mut length, mut only) = (false, 0, ptr::null_mut());
    // SAFETY: `value` is an argument of this call, and asked for its length only where it is an array, for its element 0
    // only where it has one. Where a getter throws, what it threw is pending, and JavaScript sees it once this call returns.
    let read = unsafe {
        sys::napi_is_array(env, value, &raw mut is_array) == sys::Status::napi_ok
            && is_array
            && sys::napi_get_array_length(env, value, &raw mut length) == sys::Status::napi_ok
            && (length != 1 || sys::napi_get_element(env, value, 0, &raw mut only) == sys::Status::napi_ok)
    };
    match (read, length) {
        (false, _) => then(Given::Other),
        (true, 0) => then(Given::Nothing),
        (true, 1) => {
            let mut buffer = vec![MaybeUninit::uninit(); MOST + 1];
            then(read_text(env, only, &mut buffer).map_or(Given::Other, Given::Text));
        }
        (true, _) => then(Given::Several),
    }
}
