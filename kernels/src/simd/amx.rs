//! The tile registers of AMX: whether they may be used, and their shapes.

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::cell::Cell;
use std::sync::OnceLock;

/// Rows of a register.
pub(crate) const ROWS: usize = 16;
/// Pairs of bf16 in a row of a register.
pub(crate) const PAIRS: usize = 16;

/// Whether the processor has tiles of bf16, and the system lets this process use them.
pub(crate) fn may_be_used() -> bool {
    static ALLOWED: OnceLock<bool> = OnceLock::new();
    *ALLOWED.get_or_init(|| is_there() && ask())
}

fn is_there() -> bool {
    const BF16_AND_TILES: u32 = 1 << 22 | 1 << 24;
    const OSXSAVE: u32 = 1 << 27;
    const TILE_STATE: u64 = 0b11 << 17;
    if __cpuid(0).eax < 7 || __cpuid(1).ecx & OSXSAVE == 0 {
        return false;
    }
    // SAFETY: OSXSAVE says that `xgetbv` is there.
    let saved = unsafe { saved_states() };
    __cpuid_count(7, 0).edx & BF16_AND_TILES == BF16_AND_TILES && saved & TILE_STATE == TILE_STATE
}

#[target_feature(enable = "xsave")]
fn saved_states() -> u64 {
    // SAFETY: the first register of extended control is always there.
    unsafe { _xgetbv(0) }
}

/// Asks Linux for the larger state that threads of this process then have.
fn ask() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    const TILE_DATA: u64 = 18;
    let answer: i64;
    // SAFETY: the call takes two numbers and writes no memory.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => answer,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") TILE_DATA,
            out("rcx") _,
            out("r11") _,
            options(nostack),
        );
    }
    answer == 0
}

thread_local! {
    /// Rows of both groups and pairs that the registers of this thread have; zeros while they are released.
    static SHAPE: Cell<[u8; 3]> = const { Cell::new([0; 3]) };
}

/// The registers of a thread while its products are computed. Other code may use them before and after.
pub(crate) struct Registers;

impl Drop for Registers {
    fn drop(&mut self) {
        if SHAPE.take() != [0; 3] {
            // SAFETY: they were configured, so the instruction is there.
            unsafe { asm!("tilerelease", options(nostack, nomem)) };
        }
    }
}

/// The memory form of the registers' shapes.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

/// Gives the registers their shapes: 0 and 1 are sums of the first group of rows, 2 and 3 of the second, 4 and 5 the left-hand
/// sides of both, 6 and 7 the right-hand sides. It is kept until [`Registers`] are dropped.
///
/// # Safety
/// [`may_be_used`], and there are [`Registers`]; `groups` and `pairs` are at most 16, of which only the second group may be 0.
#[inline(always)]
pub(crate) unsafe fn configure(groups: [usize; 2], pairs: usize) {
    let shape = [groups[0] as u8, groups[1] as u8, pairs as u8];
    if SHAPE.get() == shape {
        return;
    }
    SHAPE.set(shape);
    // SAFETY: the caller's contract.
    unsafe { load(shape) };
}

#[inline(never)]
unsafe fn load([first, second, pairs]: [u8; 3]) {
    let mut config =
        Config { palette: 1, start_row: 0, reserved: [0; 14], bytes: [0; 16], rows: [0; 16] };
    let left = u16::from(pairs) * 4;
    let shapes = [
        (first, 64),
        (first, 64),
        (second, 64),
        (second, 64),
        (first, left),
        (second, left),
        (pairs, 64),
        (pairs, 64),
    ];
    for (i, (rows, bytes)) in shapes.into_iter().enumerate() {
        config.rows[i] = rows;
        config.bytes[i] = if rows == 0 { 0 } else { bytes };
    }
    // SAFETY: the caller of `configure` vouches for the instruction and the shapes.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const config, options(nostack, readonly)) };
}
