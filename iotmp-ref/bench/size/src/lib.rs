//! What a program needs that has no standard library: memory that is handed
//! out once and never taken back, and an end for panics.

#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::hint::black_box;
use core::panic::PanicInfo;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

const ROOM: usize = 64 * 1024;

#[repr(align(16))]
struct Arena {
    bytes: UnsafeCell<[u8; ROOM]>,
    used: AtomicUsize,
}

// SAFETY: `used` only grows, and a part is handed out to the one who grew it.
unsafe impl Sync for Arena {}

// SAFETY: parts do not overlap, for each begins at or after the end of the one before; they are
// aligned up to 16 bytes as the arena is, and more is refused.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = layout.size().next_multiple_of(16);
        let start = self.used.fetch_add(size, Ordering::Relaxed);
        if layout.align() > 16 || start.saturating_add(size) > ROOM {
            return null_mut();
        }
        // SAFETY: `start` is within the arena.
        unsafe { self.bytes.get().cast::<u8>().add(start) }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ARENA: Arena = Arena {
    bytes: UnsafeCell::new([0; ROOM]),
    used: AtomicUsize::new(0),
};

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Bytes that the compiler knows nothing of.
#[inline(never)]
pub fn input() -> &'static [u8] {
    static BYTES: [u8; 256] = [0; 256];
    black_box(&BYTES)
}

/// Gives bytes away, so that they had to be written.
#[inline(never)]
pub fn output(bytes: &[u8]) {
    black_box(bytes);
}

// The start of a program and the copying of memory; where there is no system, the linker's
// arguments and the compiler bring both.
#[cfg(target_os = "linux")]
#[link(name = "c")]
unsafe extern "C" {}
