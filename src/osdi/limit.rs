//! The limiting functions that `$limit` names, with the signature of the interface: `(initialise, &mut changed, new, old, ..)`.
//!
//! Source: the junction and FET limiting of SPICE3; the junction's logarithm is taken of the distance on both sides, so that a
//! limited value never lies beyond the old one on the other side.

use std::ffi::c_void;

/// Names, numbers of extra arguments and addresses of the functions.
pub(super) fn find(name: &str, extra_arguments: u32) -> Option<*const c_void> {
    Some(match (name, extra_arguments) {
        ("pnjlim", 2) => junction as Junction as *const c_void,
        ("fetlim", 1) => gate as One as *const c_void,
        ("limvds", 0) => drain as Zero as *const c_void,
        ("limitlog", 1) => logarithmic as One as *const c_void,
        _ => return None,
    })
}

type Zero = extern "C" fn(bool, &mut bool, f64, f64) -> f64;
type One = extern "C" fn(bool, &mut bool, f64, f64, f64) -> f64;
type Junction = extern "C" fn(bool, &mut bool, f64, f64, f64, f64) -> f64;

/// Marks a changed value.
fn report(changed: &mut bool, new: f64, limited: f64) -> f64 {
    *changed |= limited != new;
    limited
}

/// `pnjlim`: voltage of a junction with thermal voltage `vt` and critical voltage `critical`, V.
extern "C" fn junction(start: bool, changed: &mut bool, new: f64, old: f64, vt: f64, critical: f64) -> f64 {
    if start {
        *changed = true;
        return critical;
    }
    let limited = if new > critical && (new - old).abs() > 2.0 * vt {
        let distance = (new - old) / vt;
        match (old > 0.0, distance > 0.0) {
            (true, true) => old + vt * distance.ln_1p(),
            (true, false) => old - vt * (-distance).ln_1p(),
            (false, _) => vt * (new / vt).ln(),
        }
    } else if new < 0.0 {
        let lowest = if old > 0.0 { -old - 1.0 } else { 2.0 * old - 1.0 };
        new.max(lowest)
    } else {
        new
    };
    report(changed, new, limited)
}

/// `limvds`: voltage between drain and source, V.
extern "C" fn drain(start: bool, changed: &mut bool, new: f64, old: f64) -> f64 {
    if start {
        *changed = true;
        return 0.1;
    }
    let limited = match (old >= 3.5, new > old) {
        (true, true) => new.min(3.0 * old + 2.0),
        (true, false) if new < 3.5 => new.max(2.0),
        (true, false) => new,
        (false, true) => new.min(4.0),
        (false, false) => new.max(-0.5),
    };
    report(changed, new, limited)
}

/// `fetlim`: voltage between gate and source with the threshold `threshold`, V.
extern "C" fn gate(start: bool, changed: &mut bool, new: f64, old: f64, threshold: f64) -> f64 {
    if start {
        *changed = true;
        return threshold + 0.1;
    }
    let rise = (2.0 * (old - threshold)).abs() + 2.0;
    let fall = (old - threshold).abs() + 1.0;
    let falling = new <= old;
    let limited = if old >= threshold + 3.5 {
        match (falling, new >= threshold + 3.5) {
            (true, true) => new.max(old - fall),
            (true, false) => new.max(threshold + 2.0),
            (false, _) => new.min(old + rise),
        }
    } else if old >= threshold {
        if falling { new.max(threshold - 0.5) } else { new.min(threshold + 4.0) }
    } else if falling {
        new.max(old - rise)
    } else if new <= threshold + 0.5 {
        new.min(old + fall)
    } else {
        threshold + 0.5
    };
    report(changed, new, limited)
}

/// `limitlog`: steps above `tolerance` grow with their logarithm only.
extern "C" fn logarithmic(start: bool, changed: &mut bool, new: f64, old: f64, tolerance: f64) -> f64 {
    if start {
        *changed = true;
        return 0.0;
    }
    let step = new - old;
    let limited =
        if step.abs() > tolerance { old + step.signum() * (tolerance + (step.abs() / tolerance).log10()) } else { new };
    report(changed, new, limited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_steps_pass() {
        let mut changed = false;
        assert_eq!(junction(false, &mut changed, 0.61, 0.6, 0.0259, 0.7), 0.61);
        assert_eq!(drain(false, &mut changed, 1.1, 1.0), 1.1);
        assert_eq!(gate(false, &mut changed, 1.1, 1.0, 0.5), 1.1);
        assert_eq!(logarithmic(false, &mut changed, 1.1, 1.0, 5.0), 1.1);
        assert!(!changed);
    }

    #[test]
    fn long_steps_are_cut_between_old_and_new() {
        type Limit = Box<dyn Fn(&mut bool, f64, f64) -> f64>;
        let all: [(Limit, f64, f64); 4] = [
            (Box::new(|c, n, o| junction(false, c, n, o, 0.0259, 0.6)), 5.0, 0.7),
            (Box::new(|c, n, o| drain(false, c, n, o)), 20.0, 1.0),
            (Box::new(|c, n, o| gate(false, c, n, o, 0.5)), 20.0, 1.0),
            (Box::new(|c, n, o| logarithmic(false, c, n, o, 2.0)), 50.0, 1.0),
        ];
        for (limit, new, old) in all {
            let mut changed = false;
            let limited = limit(&mut changed, new, old);
            assert!(changed && limited > old && limited < new, "{limited}");
        }
    }

    #[test]
    fn unknown_functions_are_not_found() {
        assert!(find("pnjlim", 2).is_some());
        assert!(find("pnjlim", 3).is_none() && find("mylim", 0).is_none());
    }
}
