//! Parameters of model cards and instances, for every level.

use crate::circuit::ModelCard;
use crate::devices::{ANY, NON_NEGATIVE, POSITIVE};
use crate::diagnostic::Diagnostic;

crate::parameters! {
    /// Parameters of an `nmos` or `pmos` model; which level uses which is in [`unused`].
    pub struct MosfetModel {
        level [] = 1.0, "-", ANY, "model level: 1, 2, 3, 6 or 9";
        vto ["vt0"] = f64::NAN, "V", ANY, "threshold voltage at zero bulk bias; from nsub, or 0";
        kp [] = f64::NAN, "A/V^2", POSITIVE, "transconductance; from uo and tox, or 2e-5";
        gamma [] = f64::NAN, "V^0.5", NON_NEGATIVE, "body effect; from nsub, or 0";
        phi [] = f64::NAN, "V", 0.01..=100.0, "surface potential; from nsub, or 0.6";
        lambda [] = f64::NAN, "1/V", NON_NEGATIVE, "channel length modulation; level 2 computes it from nsub when not given";
        rd [] = f64::NAN, "ohm", NON_NEGATIVE, "drain resistance";
        rs [] = f64::NAN, "ohm", NON_NEGATIVE, "source resistance";
        rsh [] = 0.0, "ohm", NON_NEGATIVE, "sheet resistance of drain and source";
        cbd [] = f64::NAN, "F", NON_NEGATIVE, "bulk-drain capacitance at zero bias";
        cbs [] = f64::NAN, "F", NON_NEGATIVE, "bulk-source capacitance at zero bias";
        is [] = 1e-14, "A", POSITIVE, "saturation current of the bulk junctions";
        js [] = 0.0, "A/m^2", NON_NEGATIVE, "saturation current density of the bulk junctions";
        pb [] = 0.8, "V", 0.01..=100.0, "bulk junction potential";
        cj [] = 0.0, "F/m^2", NON_NEGATIVE, "bulk junction bottom capacitance";
        mj [] = 0.5, "-", 0.0..=0.9, "grading of the bottom";
        cjsw [] = 0.0, "F/m", NON_NEGATIVE, "bulk junction sidewall capacitance";
        mjsw [] = f64::NAN, "-", 0.0..=0.9, "grading of the sidewall; 0.5 (levels 1 and 6) or 0.33";
        fc [] = 0.5, "-", 0.0..=0.95, "fraction of pb at which the capacitance continues linearly";
        cgso [] = 0.0, "F/m", NON_NEGATIVE, "gate-source overlap capacitance per width";
        cgdo [] = 0.0, "F/m", NON_NEGATIVE, "gate-drain overlap capacitance per width";
        cgbo [] = 0.0, "F/m", NON_NEGATIVE, "gate-bulk overlap capacitance per length";
        tox [] = f64::NAN, "m", 0.0..=1e-3, "oxide thickness; levels 1 and 6 have no intrinsic gate capacitance without it, the others 1e-7";
        ld [] = 0.0, "m", NON_NEGATIVE, "lateral diffusion";
        wd [] = 0.0, "m", ANY, "width narrowing";
        xl [] = 0.0, "m", ANY, "length mask adjustment";
        xw [] = 0.0, "m", ANY, "width mask adjustment";
        uo ["u0"] = 600.0, "cm^2/Vs", POSITIVE, "surface mobility";
        nsub [] = f64::NAN, "1/cm^3", NON_NEGATIVE, "substrate doping";
        nss [] = 0.0, "1/cm^2", ANY, "surface state density";
        tpg [] = 1.0, "-", -1.0..=1.0, "gate: 1 opposite to substrate, -1 same, 0 aluminium";
        delvto ["delvt0"] = 0.0, "V", ANY, "shift of the threshold";
        nfs [] = 0.0, "1/cm^2", NON_NEGATIVE, "fast surface state density: current below the threshold";
        xj [] = 0.0, "m", NON_NEGATIVE, "junction depth: short channel effect";
        vmax [] = 0.0, "m/s", NON_NEGATIVE, "maximum drift velocity of carriers";
        delta [] = 0.0, "-", ANY, "width effect on the threshold";
        ucrit [] = 1e4, "V/cm", POSITIVE, "critical field of the mobility";
        uexp [] = 0.0, "-", ANY, "exponent of the critical field";
        utra [] = 0.0, "-", ANY, "transverse field coefficient, without effect as in SPICE3";
        neff [] = 1.0, "-", POSITIVE, "total channel charge coefficient";
        theta [] = 0.0, "1/V", ANY, "mobility modulation by the gate";
        eta [] = 0.0, "-", ANY, "static feedback: drain voltage on the threshold";
        kappa [] = 0.2, "-", NON_NEGATIVE, "saturation field factor";
        kv [] = 2.0, "V^(1-nv)", POSITIVE, "saturation voltage factor";
        nv [] = 0.5, "-", ANY, "saturation voltage exponent";
        kc [] = f64::NAN, "A/V^nc", POSITIVE, "saturation current factor; from uo and tox, or 5e-5";
        nc [] = 1.0, "-", ANY, "saturation current exponent";
        nvth [] = 0.5, "-", ANY, "threshold voltage coefficient, without effect as in SPICE3";
        ps [] = 0.0, "-", ANY, "saturation current modification, without effect as in SPICE3";
        gamma1 [] = 0.0, "-", ANY, "linear body effect";
        sigma [] = 0.0, "-", ANY, "static feedback";
        lambda0 ["lamda0"] = f64::NAN, "1/V", ANY, "channel length modulation without bulk bias; lambda when not given";
        lambda1 ["lamda1"] = 0.0, "1/V^2", ANY, "bulk bias on the channel length modulation";
        xqc [] = f64::NAN, "-", 0.0..=1.0, "drain's share of the channel charge in saturation; up to 0.5 it selects Ward and Dutton's charges";
        capop [] = f64::NAN, "-", ANY, "gate charges: 0, 1 or 2 Meyer, 4 Ward and Dutton";
        kf [] = 0.0, "-", NON_NEGATIVE, "flicker noise coefficient";
        af [] = 1.0, "-", NON_NEGATIVE, "flicker noise exponent";
        nlev [] = f64::NAN, "-", 0.0..=3.0, "form of the noise densities; that of SPICE3 when not given";
        gdsnoi [] = 1.0, "-", NON_NEGATIVE, "factor on the thermal noise of nlev=3";
        tnom ["tref"] = f64::NAN, "degC", -273.0..=2000.0, "temperature of the parameters; `.options tnom` or 27 when not given";
        lmin [] = 0.0, "m", NON_NEGATIVE, "smallest length of a bin";
        lmax [] = f64::NAN, "m", NON_NEGATIVE, "largest length of a bin; without limit when not given";
        wmin [] = 0.0, "m", NON_NEGATIVE, "smallest width of a bin";
        wmax [] = f64::NAN, "m", NON_NEGATIVE, "largest width of a bin; without limit when not given";
    }
}

crate::parameters! {
    /// Instance parameters of a transistor.
    pub struct MosfetInstance {
        l [] = f64::NAN, "m", POSITIVE, "length; `.options defl` or 1e-4 when not given";
        w [] = f64::NAN, "m", POSITIVE, "width; `.options defw` or 1e-4 when not given";
        ad [] = f64::NAN, "m^2", NON_NEGATIVE, "drain area; `.options defad` or 0 when not given";
        as_ ["as"] = f64::NAN, "m^2", NON_NEGATIVE, "source area; `.options defas` or 0 when not given";
        pd [] = 0.0, "m", NON_NEGATIVE, "drain perimeter";
        ps [] = 0.0, "m", NON_NEGATIVE, "source perimeter";
        nrd [] = 1.0, "-", NON_NEGATIVE, "drain squares";
        nrs [] = 1.0, "-", NON_NEGATIVE, "source squares";
        m [] = 1.0, "-", POSITIVE, "number of transistors in parallel";
        temp [] = f64::NAN, "degC", -273.0..=2000.0, "temperature of this transistor";
        dtemp [] = 0.0, "degC", -2000.0..=2000.0, "temperature above that of the circuit";
        off [] = 0.0, "-", 0.0..=1.0, "starts the operating point without current";
        icvds [] = f64::NAN, "V", ANY, "initial drain-source voltage with uic";
        icvgs [] = f64::NAN, "V", ANY, "initial gate-source voltage with uic";
        icvbs [] = f64::NAN, "V", ANY, "initial bulk-source voltage with uic";
    }
}

/// The level of a card; `None` when it is not one of those offered.
pub fn level(card: &ModelCard) -> Option<u8> {
    let number = card.params.iter().rev().find(|p| p.name == "level").map(|p| &p.value);
    match number {
        None => Some(1),
        Some(crate::circuit::ParamData::Number(level)) => {
            [1u8, 2, 3, 6, 9].into_iter().find(|&offered| f64::from(offered) == *level)
        }
        Some(_) => None,
    }
}

/// Why a card's level is refused.
pub fn refused_level(card: &ModelCard) -> Diagnostic {
    let given = card.params.iter().rev().find(|p| p.name == "level");
    let (span, level) = match given {
        Some(p) => match p.value {
            crate::circuit::ParamData::Number(level) => (p.span, level),
            _ => (p.span, f64::NAN),
        },
        None => (card.span, f64::NAN),
    };
    let name = match level as i64 {
        4 => " (BSIM1)",
        5 => " (BSIM2)",
        8 | 49 | 53 => " (BSIM3)",
        14 | 54 => " (BSIM4)",
        10 | 55..=58 | 60 => " (SOI)",
        44 => " (EKV)",
        68 | 73 => " (HiSIM)",
        69 => " (PSP)",
        72 => " (BSIM-CMG)",
        _ => "",
    };
    Diagnostic::error(span, format!("model `{}`: MOS level {level}{name} is not built in", card.name))
        .label("unsupported level")
        .hint("levels 1, 2, 3, 6 and 9 are built in; compact models of today's processes are loaded as OSDI libraries")
}

/// Parameters of HSPICE cards that change nothing here.
pub const IGNORED: &[&str] = &[
    "acm",
    "hdif",
    "ldif",
    "rdc",
    "rsc",
    "wmlt",
    "lmlt",
    "meto",
    "tlev",
    "tlevc",
    "cta",
    "ctp",
    "pta",
    "ptp",
    "tcv",
    "bex",
    "trd",
    "trs",
    "lref",
    "wref",
    "alpha",
    "xd",
    "input_delta",
    "version",
    "binunit",
];

/// Parameters of a card that its level does not use.
pub fn unused(level: u8) -> &'static [&'static str] {
    match level {
        1 => &[
            "wd", "xl", "xw", "delvto", "nfs", "xj", "vmax", "delta", "ucrit", "uexp", "utra", "neff", "theta", "eta",
            "kappa", "kv", "nv", "kc", "nc", "nvth", "ps", "gamma1", "sigma", "lambda0", "lambda1",
        ],
        2 => &[
            "wd", "xl", "xw", "delvto", "theta", "eta", "kappa", "kv", "nv", "kc", "nc", "nvth", "ps", "gamma1",
            "sigma", "lambda0", "lambda1",
        ],
        6 => &[
            "kp", "wd", "xl", "xw", "delvto", "nfs", "xj", "vmax", "delta", "ucrit", "uexp", "utra", "neff", "theta",
            "eta", "kappa",
        ],
        _ => &[
            "lambda", "ucrit", "uexp", "utra", "neff", "kv", "nv", "kc", "nc", "nvth", "ps", "gamma1", "sigma",
            "lambda0", "lambda1",
        ],
    }
}
