//! Parameters of diodes, with the names and defaults of ngspice.

use super::super::{ANY, NON_NEGATIVE, POSITIVE};

crate::parameters! {
    /// Parameters of a `d` model.
    pub struct DiodeModel {
        level [] = 1.0, "-", ANY, "model level: 1; 2 with the knee and the breakdown of PSpice and Xyce; 3 with scaled geometry";
        is ["js"] = 1e-14, "A", POSITIVE, "saturation current";
        n [] = 1.0, "-", 0.05..=100.0, "emission coefficient";
        rs [] = 0.0, "ohm", NON_NEGATIVE, "series resistance";
        trs ["trs1"] = 0.0, "1/K", ANY, "rs: linear temperature coefficient";
        trs2 [] = 0.0, "1/K^2", ANY, "rs: quadratic temperature coefficient";
        jsw ["isw"] = f64::NAN, "A", NON_NEGATIVE, "sidewall saturation current, per perimeter";
        ns [] = f64::NAN, "-", 0.05..=100.0, "sidewall emission coefficient; n when not given";
        isr [] = f64::NAN, "A", NON_NEGATIVE, "recombination saturation current";
        nr [] = f64::NAN, "-", 0.05..=100.0, "recombination emission coefficient; 1, or 2 in level 2, when not given";
        ikf ["ik"] = f64::NAN, "A", NON_NEGATIVE, "knee of the forward current (high injection)";
        tikf [] = 0.0, "1/K", ANY, "ikf: linear temperature coefficient";
        ikr [] = f64::NAN, "A", NON_NEGATIVE, "knee of the reverse current";
        jtun [] = f64::NAN, "A", NON_NEGATIVE, "tunnel saturation current";
        jtunsw [] = f64::NAN, "A", NON_NEGATIVE, "sidewall tunnel saturation current, per perimeter";
        ntun [] = 30.0, "-", 0.05..=1e4, "tunnel emission coefficient";
        xtitun [] = 3.0, "-", ANY, "temperature exponent of the tunnel currents";
        keg [] = 1.0, "-", ANY, "factor on eg for the tunnel currents";
        cjo ["cj0", "cj"] = 0.0, "F", NON_NEGATIVE, "junction capacitance at zero bias";
        vj ["pb"] = 1.0, "V", 0.01..=100.0, "junction potential";
        m ["mj"] = 0.5, "-", 0.0..=0.95, "grading coefficient";
        tm1 [] = 0.0, "1/K", ANY, "m: linear temperature coefficient";
        tm2 [] = 0.0, "1/K^2", ANY, "m: quadratic temperature coefficient";
        fc [] = 0.5, "-", 0.0..=0.95, "fraction of vj at which the capacitance continues linearly";
        cjp ["cjsw"] = 0.0, "F", NON_NEGATIVE, "sidewall capacitance at zero bias, per perimeter";
        php ["vjsw"] = 1.0, "V", 0.01..=100.0, "sidewall junction potential";
        mjsw [] = 0.33, "-", 0.0..=0.95, "sidewall grading coefficient";
        fcs [] = 0.5, "-", 0.0..=0.95, "fraction of php at which the sidewall capacitance continues linearly";
        tt [] = 0.0, "s", NON_NEGATIVE, "transit time";
        ttt1 [] = 0.0, "1/K", ANY, "tt: linear temperature coefficient";
        ttt2 [] = 0.0, "1/K^2", ANY, "tt: quadratic temperature coefficient";
        bv ["vb", "vrb", "var"] = f64::NAN, "V", 0.0..=1e300, "reverse breakdown voltage; infinite when not given";
        ibv ["ib"] = f64::NAN, "A", POSITIVE, "current at the breakdown voltage; 1e-3, or 1e-10 in level 2, when not given";
        nbv ["nz"] = f64::NAN, "-", 0.05..=100.0, "emission coefficient of the breakdown; n when not given";
        ibvl [] = 0.0, "A", NON_NEGATIVE, "low-level breakdown current, level 2";
        nbvl [] = 1.0, "-", 0.05..=100.0, "its emission coefficient";
        tcv [] = 0.0, "V/K", ANY, "fall of bv with temperature (1/K with tlev=1)";
        tbv1 [] = 0.0, "1/K", ANY, "bv: linear temperature coefficient";
        tbv2 [] = 0.0, "1/K^2", ANY, "bv: quadratic temperature coefficient";
        eg [] = f64::NAN, "eV", 0.1..=10.0, "activation energy; 1.11 (1.16 with tlev=2) when not given";
        gap1 [] = 7.02e-4, "eV/K", ANY, "first coefficient of the band gap, tlev=2";
        gap2 [] = 1108.0, "K", ANY, "second coefficient of the band gap, tlev=2";
        xti [] = 3.0, "-", ANY, "temperature exponent of is";
        tlev [] = 0.0, "-", 0.0..=2.0, "equations of the currents' temperature: 0, 1 or 2";
        tlevc [] = 0.0, "-", 0.0..=1.0, "equations of the capacitances' temperature: 0, or 1 with cta, ctp, tpb, tphp";
        cta ["ctc"] = 0.0, "1/K", ANY, "cjo: temperature coefficient, tlevc=1";
        ctp [] = 0.0, "1/K", ANY, "cjp: temperature coefficient, tlevc=1";
        tpb ["tvj"] = 0.0, "V/K", ANY, "vj: fall with temperature, tlevc=1";
        tphp [] = 0.0, "V/K", ANY, "php: fall with temperature, tlevc=1";
        kf [] = 0.0, "-", NON_NEGATIVE, "flicker noise coefficient";
        af [] = 1.0, "-", NON_NEGATIVE, "flicker noise exponent";
        area [] = 1.0, "-", POSITIVE, "area of diodes that give none";
        pj ["perim"] = 0.0, "-", NON_NEGATIVE, "perimeter of diodes that give none";
        lm [] = 0.0, "m", NON_NEGATIVE, "length of the metal capacitor, level 3";
        lp [] = 0.0, "m", NON_NEGATIVE, "length of the polysilicon capacitor, level 3";
        wm [] = 0.0, "m", NON_NEGATIVE, "width of the metal capacitor, level 3";
        wp [] = 0.0, "m", NON_NEGATIVE, "width of the polysilicon capacitor, level 3";
        xom [] = 1e-6, "m", POSITIVE, "thickness of the oxide under the metal, level 3";
        xoi [] = 1e-6, "m", POSITIVE, "thickness of the oxide under the polysilicon, level 3";
        xm [] = 0.0, "m", ANY, "masking and etching of the metal, level 3";
        xp [] = 0.0, "m", ANY, "masking and etching of the polysilicon, level 3";
        xw [] = 0.0, "m", ANY, "masking and etching of the junction, level 3";
        ron [] = f64::NAN, "ohm", POSITIVE, "idealised diode (LTspice): resistance when conducting; 1 when not given";
        roff [] = f64::NAN, "ohm", POSITIVE, "idealised diode: resistance when blocking; 1e12 when not given";
        vfwd [] = f64::NAN, "V", ANY, "idealised diode: forward voltage; 0 when not given";
        vrev [] = f64::NAN, "V", NON_NEGATIVE, "idealised diode: breakdown voltage; infinite when not given";
        rrev [] = f64::NAN, "ohm", POSITIVE, "idealised diode: resistance in breakdown; ron when not given";
        ilimit [] = f64::NAN, "A", POSITIVE, "idealised diode: limit of the forward current";
        revilimit [] = f64::NAN, "A", POSITIVE, "idealised diode: limit of the reverse current";
        epsilon [] = 0.0, "V", NON_NEGATIVE, "idealised diode: width of the bend at vfwd";
        revepsilon [] = 0.0, "V", NON_NEGATIVE, "idealised diode: width of the bend at vrev";
        tnom ["tref", "t_measured"] = f64::NAN, "degC", -273.0..=2000.0, "temperature of the parameters; `.options tnom` or 27 when not given";
        fv_max [] = f64::NAN, "V", ANY, "rating; not checked";
        bv_max [] = f64::NAN, "V", ANY, "rating; not checked";
        id_max [] = f64::NAN, "A", ANY, "rating; not checked";
        pd_max [] = f64::NAN, "W", ANY, "rating; not checked";
        te_max [] = f64::NAN, "degC", ANY, "rating; not checked";
        rth0 [] = f64::NAN, "K/W", ANY, "thermal resistance; self-heating is not offered";
        cth0 [] = f64::NAN, "J/K", ANY, "thermal capacitance; self-heating is not offered";
        vpk [] = f64::NAN, "V", ANY, "rating; not checked";
        ipk [] = f64::NAN, "A", ANY, "rating; not checked";
        iave [] = f64::NAN, "A", ANY, "rating; not checked";
        irms [] = f64::NAN, "A", ANY, "rating; not checked";
        diss [] = f64::NAN, "W", ANY, "rating; not checked";
    }
}

crate::parameters! {
    /// Instance parameters of a diode.
    pub struct DiodeInstance {
        area [] = f64::NAN, "-", POSITIVE, "factor on currents and capacitances; the model's, or 1, when not given";
        pj ["perim"] = f64::NAN, "-", NON_NEGATIVE, "perimeter: factor on sidewall currents and capacitances";
        m [] = 1.0, "-", POSITIVE, "number of diodes in parallel";
        w [] = f64::NAN, "m", POSITIVE, "width, level 3: with l in place of area and pj";
        l [] = f64::NAN, "m", POSITIVE, "length, level 3";
        lm [] = f64::NAN, "m", NON_NEGATIVE, "length of the metal capacitor, level 3";
        lp [] = f64::NAN, "m", NON_NEGATIVE, "length of the polysilicon capacitor, level 3";
        wm [] = f64::NAN, "m", NON_NEGATIVE, "width of the metal capacitor, level 3";
        wp [] = f64::NAN, "m", NON_NEGATIVE, "width of the polysilicon capacitor, level 3";
        temp [] = f64::NAN, "degC", -273.0..=2000.0, "temperature of this diode";
        dtemp [] = 0.0, "K", -2000.0..=2000.0, "its temperature above the circuit's";
        off [] = 0.0, "-", 0.0..=1.0, "starts the operating point without current";
        ic [] = f64::NAN, "V", ANY, "initial voltage with uic";
        thermal [] = 0.0, "-", 0.0..=0.0, "self-heating; not offered";
    }
}
