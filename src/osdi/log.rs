//! What a model says by `$strobe`, `$warning`, `$fatal` and their like.

use std::ffi::{CStr, c_char, c_void};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::ffi;

/// Most messages that are kept until somebody takes them.
const MOST_MESSAGES: usize = 1000;
/// Longest message that is kept, bytes.
const LONGEST: usize = 2000;

/// A message of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Name of the instance or of the model card.
    pub from: String,
    /// True for `$error` and `$fatal`.
    pub is_error: bool,
    /// The text, without the line feed at its end.
    pub text: String,
}

/// Collects messages. Evaluations that may be repeated do not keep theirs; they only leave word that something was said.
#[derive(Debug, Default)]
pub(super) struct Log {
    messages: Mutex<Vec<Message>>,
    /// The last `$fatal` of an evaluation that may be repeated: it counts when nothing else is found.
    fatal: Mutex<Option<Message>>,
    spoke: AtomicBool,
}

impl Log {
    /// True once after something was said but not kept.
    pub fn take_spoke(&self) -> bool {
        self.spoke.swap(false, Ordering::Relaxed)
    }

    /// The messages kept so far.
    pub fn take(&self) -> Vec<Message> {
        self.messages.lock().map(|mut all| std::mem::take(&mut *all)).unwrap_or_default()
    }

    /// The last `$fatal`.
    pub fn take_fatal(&self) -> Option<Message> {
        self.fatal.lock().ok().and_then(|mut last| last.take())
    }
}

/// What the handle of a call points to: who is speaking, and whether it is kept. Lives on the caller's stack.
pub(super) struct Speaker<'a> {
    pub log: &'a Log,
    pub name: &'a str,
    pub keep: bool,
}

impl Speaker<'_> {
    /// The handle for one call into the library; `self` must outlive that call.
    pub fn handle(&self) -> *mut c_void {
        (&raw const *self).cast_mut().cast()
    }
}

/// The function in a library's `osdi_log`. The message belongs to the library and is only read.
pub(super) extern "C" fn receive(handle: *mut c_void, message: *const c_char, level: u32) {
    if handle.is_null() || message.is_null() {
        return;
    }
    // SAFETY: a library hands back the handle of the call it is in (OSDI), which is `Speaker::handle` of a speaker that lives
    // until that call returns; nobody changes a speaker. The message is a C string (OSDI).
    let (speaker, message) = unsafe { (&*handle.cast::<Speaker>(), CStr::from_ptr(message)) };
    let level = level & ffi::LEVEL_MASK;
    if !speaker.keep && level != ffi::LEVEL_FATAL {
        speaker.log.spoke.store(true, Ordering::Relaxed);
        return;
    }
    let bytes = message.to_bytes();
    let message = Message {
        from: speaker.name.to_string(),
        is_error: matches!(level, ffi::LEVEL_ERROR | ffi::LEVEL_FATAL),
        text: String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST)]).trim_end().to_string(),
    };
    if !speaker.keep {
        if let Ok(mut last) = speaker.log.fatal.lock() {
            *last = Some(message);
        }
    } else if let Ok(mut all) = speaker.log.messages.lock()
        && all.len() < MOST_MESSAGES
    {
        all.push(message);
    }
}
