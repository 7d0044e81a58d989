//! Memristors: one file per compact model, and a bank that eliminates their states.
//!
//! Temperature (`temp`, `dtemp`), spread (`sigma_<parameter>`), small-signal behaviour and error control are the same for all of
//! them: `docs/devices/memristors.md`.
//!
//! To add a model, write a file with its `parameters!` and its [`CompactModel`], and add one entry to [`TYPES`].

mod bank;
pub mod cmo_hfo2;
pub mod hp;
mod length;
pub mod hfo2_ta;
pub mod memdiode;
pub mod mms;
pub mod jart;
pub mod model;
pub mod noise;
pub mod pem;
pub mod smooth;
mod solve;
pub mod team;
pub mod sox;
pub mod ta2o5;
pub mod stanford;
pub mod stanford_thermal;
mod variation;
pub mod vteam;
pub mod window;
pub mod wox;
pub mod yakopcic;

#[cfg(test)]
mod tests;

use crate::devices::{ModelType, Parameters};

pub use bank::MemristorBank;
pub use model::CompactModel;
pub use variation::Common;

use cmo_hfo2::{CmoHfo2, CmoHfo2Params};
use hfo2_ta::{Hfo2Ta, Hfo2TaParams};
use hp::{Hp, HpParams};
use jart::{Jart, JartParams};
use memdiode::{Memdiode, MemdiodeParams};
use mms::{Mms, MmsParams};
use pem::{Pem, PemParams};
use sox::{Sox, SoxParams};
use stanford::{Stanford, StanfordParams};
use stanford_thermal::{StanfordThermal, StanfordThermalParams};
use ta2o5::{Ta2o5, Ta2o5Params};
use team::{Team, TeamParams};
use vteam::{Vteam, VteamParams};
use wox::{WoxChang, WoxChangParams, WoxDu, WoxDuParams};
use yakopcic::{Yakopcic, YakopcicParams};

/// Terminals of every memristor: top and bottom electrode.
const TERMINALS: &[&str] = &["te", "be"];

const JART_SOURCE: &str = "Cueppers et al., APL Materials 7, 091105 (2019), doi:10.1063/1.5108654; \
                           Bengel et al., IEEE Trans. Circuits Syst. I 67, 4618 (2020), doi:10.1109/TCSI.2020.3018502";

/// Type words of the memristor models.
pub const TYPES: &[ModelType] = &[
    ModelType {
        kinds: &["vteam"],
        summary: "VTEAM: voltage-threshold adaptive memristor",
        source: "Kvatinsky et al., IEEE Trans. Circuits Syst. II 62, 786 (2015), doi:10.1109/TCSII.2015.2433536",
        terminals: TERMINALS,
        model_params: VteamParams::SPECS,
        instance_params: Common::SPECS,
        internals: Vteam::INTERNALS,
        build: MemristorBank::<Vteam, 1>::build,
    },
    ModelType {
        kinds: &["cmo_hfo2"],
        summary: "analogue filamentary CMO/HfO2 memristor with pulse and read noise",
        source: "own model (docs/cmo-hfo2.md) of the devices in Portner et al., Nature Machine Intelligence 7, 1939 (2025), \
                 doi:10.1038/s42256-025-01149-w",
        terminals: TERMINALS,
        model_params: CmoHfo2Params::SPECS,
        instance_params: Common::SPECS,
        internals: CmoHfo2::INTERNALS,
        build: MemristorBank::<CmoHfo2, 1>::build,
    },
    ModelType {
        kinds: &["hp"],
        summary: "linear ion drift (HP memristor) with window functions",
        source: "Strukov et al., Nature 453, 80 (2008), doi:10.1038/nature06932",
        terminals: TERMINALS,
        model_params: HpParams::SPECS,
        instance_params: Common::SPECS,
        internals: Hp::INTERNALS,
        build: MemristorBank::<Hp, 1>::build,
    },
    ModelType {
        kinds: &["team"],
        summary: "TEAM: threshold adaptive memristor, moved by its current",
        source: "Kvatinsky et al., IEEE Trans. Circuits Syst. I 60, 211 (2013), doi:10.1109/TCSI.2012.2215714",
        terminals: TERMINALS,
        model_params: TeamParams::SPECS,
        instance_params: Common::SPECS,
        internals: Team::INTERNALS,
        build: MemristorBank::<Team, 1>::build,
    },
    ModelType {
        kinds: &["yakopcic"],
        summary: "generalised memristor of Yakopcic",
        source: "Yakopcic et al., IEEE Trans. Comput.-Aided Des. 32, 1201 (2013), doi:10.1109/TCAD.2013.2252057",
        terminals: TERMINALS,
        model_params: YakopcicParams::SPECS,
        instance_params: Common::SPECS,
        internals: Yakopcic::INTERNALS,
        build: MemristorBank::<Yakopcic, 1>::build,
    },
    ModelType {
        kinds: &["pem"],
        summary: "piecewise empirical model with tables",
        source: "Xyce Reference Guide, memristor level 4",
        terminals: TERMINALS,
        model_params: PemParams::SPECS,
        instance_params: Common::SPECS,
        internals: Pem::INTERNALS,
        build: MemristorBank::<Pem, 1>::build,
    },
    ModelType {
        kinds: &["wox"],
        summary: "tungsten oxide, one state",
        source: "Chang et al., Appl. Phys. A 102, 857 (2011), doi:10.1007/s00339-011-6296-1",
        terminals: TERMINALS,
        model_params: WoxChangParams::SPECS,
        instance_params: Common::SPECS,
        internals: WoxChang::INTERNALS,
        build: MemristorBank::<WoxChang, 1>::build,
    },
    ModelType {
        kinds: &["wox_du"],
        summary: "tungsten oxide, region and mobility",
        source: "Du et al., Adv. Funct. Mater. 25, 4290 (2015), doi:10.1002/adfm.201501427",
        terminals: TERMINALS,
        model_params: WoxDuParams::SPECS,
        instance_params: Common::SPECS,
        internals: WoxDu::INTERNALS,
        build: MemristorBank::<WoxDu, 2>::build,
    },
    ModelType {
        kinds: &["jart_vcm_v1b", "jart"],
        summary: "JART VCM v1b: filamentary valence-change memory Pt/HfO2/TiOx/Ti, deterministic",
        source: JART_SOURCE,
        terminals: &["ae", "oe"],
        model_params: JartParams::SPECS,
        instance_params: Common::SPECS,
        internals: Jart::<false>::INTERNALS,
        build: MemristorBank::<Jart<false>, 1>::build,
    },
    ModelType {
        kinds: &["jart_vcm_v1b_var", "jart_var"],
        summary: "JART VCM v1b, variability-aware: filament geometry moves with each half cycle",
        source: JART_SOURCE,
        terminals: &["ae", "oe"],
        model_params: JartParams::SPECS,
        instance_params: Common::SPECS,
        internals: Jart::<true>::INTERNALS,
        build: MemristorBank::<Jart<true>, 1>::build,
    },
    ModelType {
        kinds: &["stanford_pku", "stanford"],
        summary: "Stanford-PKU RRAM: gap of a filament, Joule heat, gap noise",
        source: "Jiang et al., IEEE Trans. Electron Devices 63, 1884 (2016), doi:10.1109/TED.2016.2545412 (version 1.0.0)",
        terminals: TERMINALS,
        model_params: StanfordParams::SPECS,
        instance_params: Common::SPECS,
        internals: Stanford::INTERNALS,
        build: MemristorBank::<Stanford, 1>::build,
    },
    ModelType {
        kinds: &["stanford_thermal", "sky130_reram"],
        summary: "Stanford-type RRAM with a thermal capacitance, as in SkyWater 130 nm",
        source: "Jiang et al., IEEE Trans. Electron Devices 63, 1884 (2016), doi:10.1109/TED.2016.2545412; sky130_fd_pr_reram, SkyWater PDK",
        terminals: TERMINALS,
        model_params: StanfordThermalParams::SPECS,
        instance_params: Common::SPECS,
        internals: StanfordThermal::INTERNALS,
        build: MemristorBank::<StanfordThermal, 2>::build,
    },
    ModelType {
        kinds: &["sox"],
        summary: "SOX: second-order oxygen-ion memristor, barrier occupancy and slow intrinsic gradient",
        source: "own model (docs/devices/sox.md) after the device in Ming et al., Nature Communications 17, 3367 (2026), \
                 doi:10.1038/s41467-026-70014-0",
        terminals: TERMINALS,
        model_params: SoxParams::SPECS,
        instance_params: Common::SPECS,
        internals: Sox::INTERNALS,
        build: MemristorBank::<Sox, 2>::build,
    },
    ModelType {
        kinds: &["ta2o5"],
        summary: "second-order Ta2O5 memristor: conducting region and internal temperature",
        source: "reduced form, own parameters (docs/devices/memristors.md) after Kim et al., Nano Lett. 15, 2203 (2015), \
                 doi:10.1021/acs.nanolett.5b00697",
        terminals: TERMINALS,
        model_params: Ta2o5Params::SPECS,
        instance_params: Common::SPECS,
        internals: Ta2o5::INTERNALS,
        build: MemristorBank::<Ta2o5, 2>::build,
    },
    ModelType {
        kinds: &["mms"],
        summary: "mean metastable switch (Knowm)",
        source: "Nugent and Molter, PLoS ONE 9, e85175 (2014), doi:10.1371/journal.pone.0085175",
        terminals: TERMINALS,
        model_params: MmsParams::SPECS,
        instance_params: Common::SPECS,
        internals: Mms::INTERNALS,
        build: MemristorBank::<Mms, 1>::build,
    },
    ModelType {
        kinds: &["memdiode"],
        summary: "dynamic memdiode, with both transitions active or with snapback",
        source: "Miranda and Sune, IEEE Trans. Nanotechnol. 19, 609 (2020); Aguirre, Sune and Miranda, Micromachines 13, 330 \
                 (2022), doi:10.3390/mi13020330",
        terminals: TERMINALS,
        model_params: MemdiodeParams::SPECS,
        instance_params: Common::SPECS,
        internals: Memdiode::INTERNALS,
        build: MemristorBank::<Memdiode, 1>::build,
    },
    ModelType {
        kinds: &["hfo2_ta"],
        summary: "filamentary Pd/HfO2/Ta memristor of a 1T1R cell, written by a current limit",
        source: "own model (docs/devices/hfo2_1t1r.md) of the devices in Wang et al., Nature Electronics 2 (2019), \
                 doi:10.1038/s41928-019-0221-6",
        terminals: TERMINALS,
        model_params: Hfo2TaParams::SPECS,
        instance_params: Common::SPECS,
        internals: Hfo2Ta::INTERNALS,
        build: MemristorBank::<Hfo2Ta, 1>::build,
    },
];
