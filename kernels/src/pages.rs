//! Memory in large pages, which the processor finds with fewer entries of its tables, where the system gives them on request.

/// Bytes of a large page.
const PAGE: usize = 2 << 20;

/// `count` times `zero`, in large pages if they fill some.
pub fn filled<T: Copy>(zero: T, count: usize) -> Vec<T> {
    let mut all = Vec::with_capacity(count);
    if count * size_of::<T>() >= PAGE {
        ask(all.as_mut_ptr(), count * size_of::<T>());
    }
    all.resize(count, zero);
    all
}

/// Before they are written: small pages stay.
#[cfg(target_os = "linux")]
fn ask<T>(first: *mut T, bytes: usize) {
    const SMALL_PAGE: usize = 4 << 10;
    let skipped = first.cast::<u8>().align_offset(SMALL_PAGE);
    let whole = bytes.saturating_sub(skipped) / SMALL_PAGE * SMALL_PAGE;
    let first = first.cast::<u8>().wrapping_add(skipped);
    // SAFETY: advice about memory changes nothing that is in it. Systems that have no such pages refuse it.
    unsafe { libc::madvise(first.cast(), whole, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn ask<T>(_first: *mut T, _bytes: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_written() {
        for count in [0, 1, PAGE - 1, PAGE, 3 * PAGE + 5] {
            let all = filled(7_u8, count);
            assert!(all.len() == count && all.iter().all(|&byte| byte == 7), "{count}");
        }
    }
}
