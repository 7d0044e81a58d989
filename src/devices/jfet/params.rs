//! Parameters of JFETs and MESFETs, with the names and defaults of ngspice.

use super::super::{ANY, NON_NEGATIVE, POSITIVE};

crate::parameters! {
    /// Parameters of an `njf` or `pjf` model.
    pub struct JfetModel {
        level [] = 1.0, "-", ANY, "model level; only 1 (Shichman and Hodges with a doping tail) is offered";
        vto ["vt0"] = -2.0, "V", ANY, "threshold voltage";
        beta [] = 1e-4, "A/V^2", NON_NEGATIVE, "transconductance";
        lambda [] = 0.0, "1/V", NON_NEGATIVE, "channel length modulation";
        b [] = 1.0, "-", ANY, "doping tail; 1 is a square law";
        rd [] = 0.0, "ohm", NON_NEGATIVE, "drain resistance";
        rs [] = 0.0, "ohm", NON_NEGATIVE, "source resistance";
        cgs [] = 0.0, "F", NON_NEGATIVE, "gate-source capacitance at zero bias";
        cgd [] = 0.0, "F", NON_NEGATIVE, "gate-drain capacitance at zero bias";
        pb [] = 1.0, "V", 0.01..=100.0, "gate junction potential";
        m [] = 0.5, "-", 0.0..=0.9, "grading of the gate junctions";
        is [] = 1e-14, "A", POSITIVE, "saturation current of the gate junctions";
        n [] = 1.0, "-", 0.05..=100.0, "emission coefficient of the gate junctions";
        isr [] = 0.0, "A", NON_NEGATIVE, "recombination current of the gate junctions (PSpice)";
        nr [] = 2.0, "-", 0.05..=100.0, "its emission coefficient";
        alpha [] = 0.0, "1/V", NON_NEGATIVE, "ionisation coefficient (PSpice)";
        vk [] = 0.0, "V", NON_NEGATIVE, "ionisation knee voltage (PSpice)";
        fc [] = 0.5, "-", 0.0..=0.95, "fraction of pb at which the capacitance continues linearly";
        tcv [] = 0.0, "V/K", ANY, "fall of vto with temperature";
        vtotc [] = f64::NAN, "V/K", ANY, "rise of vto with temperature, in place of tcv";
        bex [] = 0.0, "-", ANY, "temperature exponent of beta";
        betatce [] = f64::NAN, "%/K", ANY, "exponential temperature coefficient of beta, in place of bex";
        xti [] = 0.0, "-", ANY, "temperature exponent of is";
        eg [] = 1.11, "eV", 0.1..=10.0, "activation energy of is";
        kf [] = 0.0, "-", NON_NEGATIVE, "flicker noise coefficient";
        af [] = 1.0, "-", NON_NEGATIVE, "flicker noise exponent";
        nlev [] = 2.0, "-", 0.0..=3.0, "channel noise: 3 follows the saturation of the channel";
        gdsnoi [] = 1.0, "-", NON_NEGATIVE, "factor on the channel noise with nlev=3";
        tnom ["tref", "t_measured"] = f64::NAN, "degC", -273.0..=2000.0, "temperature of the parameters; `.options tnom` or 27 when not given";
    }
}

crate::parameters! {
    /// Parameters of an `nmf` or `pmf` model.
    pub struct MesfetModel {
        level [] = 1.0, "-", ANY, "model level; only 1 (Statz) is offered";
        vto ["vt0"] = -2.0, "V", ANY, "pinch-off voltage";
        alpha [] = 2.0, "1/V", POSITIVE, "saturation voltage";
        beta [] = 2.5e-3, "A/V^2", NON_NEGATIVE, "transconductance";
        lambda [] = 0.0, "1/V", NON_NEGATIVE, "channel length modulation";
        b [] = 0.3, "1/V", NON_NEGATIVE, "doping tail";
        rd [] = 0.0, "ohm", NON_NEGATIVE, "drain resistance";
        rs [] = 0.0, "ohm", NON_NEGATIVE, "source resistance";
        cgs [] = 0.0, "F", NON_NEGATIVE, "gate-source capacitance at zero bias";
        cgd [] = 0.0, "F", NON_NEGATIVE, "gate-drain capacitance at zero bias";
        pb [] = 1.0, "V", 0.51..=100.0, "gate junction potential";
        is [] = 1e-14, "A", POSITIVE, "saturation current of the gate junctions";
        fc [] = 0.5, "-", 0.0..=0.95, "accepted; the charge of Statz has no use for it";
        kf [] = 0.0, "-", NON_NEGATIVE, "flicker noise coefficient";
        af [] = 1.0, "-", NON_NEGATIVE, "flicker noise exponent";
        tnom ["tref", "t_measured"] = f64::NAN, "degC", -273.0..=2000.0, "accepted; the model has no temperature";
    }
}

crate::parameters! {
    /// Instance parameters of a JFET or MESFET.
    pub struct FetInstance {
        area [] = 1.0, "-", POSITIVE, "factor on currents, capacitances and conductances";
        m [] = 1.0, "-", POSITIVE, "number of transistors in parallel";
        temp [] = f64::NAN, "degC", -273.0..=2000.0, "temperature of this transistor";
        dtemp [] = 0.0, "K", -2000.0..=2000.0, "its temperature above the circuit's";
        off [] = 0.0, "-", 0.0..=1.0, "starts the operating point without current";
        icvds ["ic-vds"] = f64::NAN, "V", ANY, "initial drain-source voltage with uic; also `ic=vds,vgs`";
        icvgs ["ic-vgs"] = f64::NAN, "V", ANY, "initial gate-source voltage with uic";
    }
}
