//! Nothing but the memory and the start of a program: what the others stand on.

#![no_std]
#![no_main]

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    iotmp_size::output(iotmp_size::input());
    0
}
