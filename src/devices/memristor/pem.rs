//! The piecewise empirical model of Xyce (level 4): the motion slows along tables `f(x)` given as points.
//!
//! `i = x h(v)`, `h = i1 exp(v/v1) - i2 exp(-v/v2) + g0 v - (i1 - i2)`; `dx/dt = c g(v) f(x)` with
//! `g = exp(d1 (v - vp)) - 1` from `vp` up and `exp(d2 (v - vn)) - 1` from `vlow` down, `c1` and the table `fxpdata` for
//! `v >= 0`, `c2` and `fxmdata` for `v < 0`. The manual of Xyce prints `vlow = -vn`, its program takes `vlow = vn`.
//! Equations: Xyce Reference Guide, memristor level 4.

use std::sync::Arc;

use crate::devices::params::{ParamSpec, Parameters};
use crate::devices::{ANY, NON_NEGATIVE, POSITIVE};

use super::model::{CompactModel, Flow, Rate, Site};
use super::smooth::{barrier, limited_exp, saturate};

const NOT_GIVEN: f64 = f64::NAN;
/// Exponent beyond which exponentials continue along their tangents.
const LARGEST: f64 = 60.0;
/// Voltage over which the jumps of the law are passed, V.
const EDGE: f64 = 1e-5;
/// Tables continue along their last slope; motion ends this far beyond 0 and 1, over this width.
const END: f64 = 0.04;
const END_WIDTH: f64 = 5e-3;

crate::parameters! {
    /// Numbers of the piecewise empirical model; the defaults are those of Xyce's test.
    pub struct PemNumbers {
        i1 [] = 85.37e-6, "A", ANY, "current of the rising exponential";
        i2 [] = 90.16e-6, "A", ANY, "current of the falling exponential";
        v1 [] = 0.265, "V", POSITIVE, "voltage of the rising exponential";
        v2 [] = 0.265, "V", POSITIVE, "voltage of the falling exponential";
        g0 [] = 130.72e-6, "S", ANY, "ohmic part";
        vp [] = 0.7, "V", ANY, "threshold of positive voltages";
        vn [] = 1.0, "V", ANY, "threshold of negative voltages as in the exponent";
        vlow [] = NOT_GIVEN, "V", ANY, "voltage below which the second exponential counts (default -vn)";
        d1 [] = 9.87, "1/V", ANY, "exponent above vp";
        d2 [] = -4.82, "1/V", ANY, "exponent below vlow";
        c1 [] = 1000.0, "1/s", ANY, "speed for v >= 0";
        c2 [] = 1000.0, "1/s", ANY, "speed for v < 0";
        fxpdata [] = NOT_GIVEN, "-", ANY, "x1,f1,x2,f2,.. for v >= 0, or a file with them (default 0,1,1,0)";
        fxmdata [] = NOT_GIVEN, "-", ANY, "x1,f1,x2,f2,.. for v < 0, or a file with them (default 0,0,1,-1)";
        x0 ["xo", "x_init"] = 0.1, "-", NON_NEGATIVE, "initial state";
    }
}

/// Points of a function, straight lines between and beyond them.
#[derive(Clone, Debug, PartialEq)]
struct Table(Arc<[(f64, f64)]>);

impl Table {
    /// Points with rising `x`.
    fn new(values: &[f64]) -> Result<Self, String> {
        let points: Arc<[(f64, f64)]> = values.as_chunks::<2>().0.iter().map(|&[x, f]| (x, f)).collect();
        if values.len() < 4 || !values.len().is_multiple_of(2) {
            return Err("wants at least two points x1,f1,x2,f2,..".into());
        }
        if !values.iter().all(|x| x.is_finite()) || points.windows(2).any(|pair| pair[1].0 <= pair[0].0) {
            return Err("wants points with rising x".into());
        }
        Ok(Self(points))
    }

    /// Value and slope.
    #[inline]
    fn at(&self, x: f64) -> (f64, f64) {
        let next = self.0.partition_point(|point| point.0 <= x).clamp(1, self.0.len() - 1);
        let ((x0, f0), (x1, f1)) = (self.0[next - 1], self.0[next]);
        let slope = (f1 - f0) / (x1 - x0);
        (f0 + slope * (x - x0), slope)
    }
}

/// Parameters of the piecewise empirical model: numbers and tables.
#[derive(Clone, Debug, PartialEq)]
pub struct PemParams {
    numbers: PemNumbers,
    up: Table,
    down: Table,
}

impl Default for PemParams {
    fn default() -> Self {
        let line = |from: f64, to: f64| Table(Arc::from([(0.0, from), (1.0, to)]));
        Self { numbers: PemNumbers::default(), up: line(1.0, 0.0), down: line(0.0, -1.0) }
    }
}

impl Parameters for PemParams {
    const SPECS: &'static [ParamSpec] = PemNumbers::SPECS;

    fn slot(&mut self, index: usize) -> Option<&mut f64> {
        self.numbers.slot(index)
    }

    fn vector(&mut self, name: &str, values: &[f64]) -> Option<Result<(), String>> {
        let table = match name {
            "fxpdata" => &mut self.up,
            "fxmdata" => &mut self.down,
            _ => return None,
        };
        Some(Table::new(values).map(|read| *table = read))
    }
}

/// The model with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Pem {
    p: PemNumbers,
    vlow: f64,
    up: Table,
    down: Table,
    /// Largest `|f|` of both tables within and just beyond the range.
    steepest: f64,
}

/// 0 below 0, 1 above `EDGE`, smooth between, with its derivative.
#[inline]
fn step(u: f64) -> (f64, f64) {
    let r = (u / EDGE).clamp(0.0, 1.0);
    (r * r * (3.0 - 2.0 * r), 6.0 * r * (1.0 - r) / EDGE)
}

impl Pem {
    /// `g(v)` and its derivative.
    #[inline]
    fn drive(&self, v: f64) -> (f64, f64) {
        let p = &self.p;
        if v >= p.vp {
            let (e, de) = limited_exp(p.d1 * (v - p.vp), LARGEST);
            return (e - 1.0, p.d1 * de);
        }
        let (gate, dgate) = step(self.vlow.min(p.vp) - v);
        if gate == 0.0 {
            return (0.0, 0.0);
        }
        let (e, de) = limited_exp(p.d2 * (v - p.vn), LARGEST);
        (gate * (e - 1.0), gate * p.d2 * de - dgate * (e - 1.0))
    }

    /// `c f(x)` with its derivatives by `x` and `v`.
    #[inline]
    fn slowing(&self, x: f64, v: f64) -> (f64, f64, f64) {
        let (share, dshare) = step(v + EDGE);
        let scaled = |factor: f64, table: &Table| {
            let (f, df) = table.at(x);
            (factor * f, factor * df)
        };
        match share {
            1.0 => {
                let (f, df) = scaled(self.p.c1, &self.up);
                (f, df, 0.0)
            }
            0.0 => {
                let (f, df) = scaled(self.p.c2, &self.down);
                (f, df, 0.0)
            }
            _ => {
                let ((up, dup), (down, ddown)) = (scaled(self.p.c1, &self.up), scaled(self.p.c2, &self.down));
                (share * up + (1.0 - share) * down, share * dup + (1.0 - share) * ddown, dshare * (up - down))
            }
        }
    }
}

impl CompactModel<1> for Pem {
    type Params = PemParams;
    type Held = ();
    const KIND: &'static str = "pem";
    const STATES: &'static [&'static str] = &["x"];
    const INITIAL: &'static [&'static str] = &["x0"];
    const INTERNALS: &'static [&'static str] = &["x", "r", "g", "i", "v", "p"];
    const DOMAIN: [(f64, f64); 1] = [(0.0, 1.0)];
    const TOLERANCES: [f64; 1] = [1e-5];

    fn new(params: &PemParams, _temperature: f64) -> Result<Self, String> {
        let PemParams { numbers: p, up, down } = params.clone();
        let vlow = if p.vlow.is_nan() { -p.vn } else { p.vlow };
        let ends = [-2.0 * END, 1.0 + 2.0 * END];
        let values = |table: &Table| {
            let inside: Vec<f64> = table.0.iter().map(|point| point.1).collect();
            inside.into_iter().chain(ends.map(|x| table.at(x).0)).fold(0.0f64, |most, f| most.max(f.abs()))
        };
        let steepest = (p.c1.abs() * values(&up)).max(p.c2.abs() * values(&down));
        Ok(Self { vlow, up, down, steepest, p })
    }

    fn initial(&self, params: &PemParams, states: &mut [f64]) -> Result<(), String> {
        let x0 = params.numbers.x0;
        if x0 > 1.0 {
            return Err(format!("x0 ({x0}) must lie between 0 and 1"));
        }
        states[0] = x0;
        Ok(())
    }

    #[inline]
    fn current(&self, s: &[f64; 1], _site: &Site, v: f64, _held: &mut ()) -> Flow<1> {
        let p = &self.p;
        let (x, dx) = saturate(s[0], END);
        let (rise, drise) = limited_exp(v / p.v1, LARGEST);
        let (fall, dfall) = limited_exp(-v / p.v2, LARGEST);
        let h = p.i1 * rise - p.i2 * fall + p.g0 * v - (p.i1 - p.i2);
        let dh = p.i1 * drise / p.v1 + p.i2 * dfall / p.v2 + p.g0;
        Flow { i: x * h, di_dv: x * dh, di_ds: [dx * h] }
    }

    fn rate(&self, s: &[f64; 1], _site: &Site, v: f64, _held: &mut ()) -> Rate<1> {
        let (g, dg) = self.drive(v);
        if g == 0.0 && dg == 0.0 {
            return Rate { f: [0.0], df_dv: [0.0], df_ds: [[0.0]] };
        }
        let (f, df, df_dv) = self.slowing(s[0], v);
        let rate = g * f;
        let (b, db) = if rate > 0.0 {
            let (b, db) = barrier(1.0 + END - s[0], END_WIDTH);
            (b, -db)
        } else {
            barrier(s[0] + END, END_WIDTH)
        };
        Rate { f: [rate * b], df_dv: [(dg * f + g * df_dv) * b], df_ds: [[g * df * b + rate * db]] }
    }

    #[inline]
    fn rate_bound(&self, v: f64, _held: &mut ()) -> f64 {
        self.drive(v).0.abs() * self.steepest
    }

    fn internal(&self, name: &str, s: &[f64; 1], site: &Site, v: f64) -> Option<f64> {
        (name == "r").then(|| 1.0 / self.current(s, site, v, &mut ()).di_dv)
    }
}
