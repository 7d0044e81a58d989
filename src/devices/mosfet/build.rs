//! From cards and instances to the bank.

use super::bank::{Fet, MosfetBank};
use super::params::{IGNORED, MosfetInstance, MosfetModel, level, refused_level, unused};
use super::process::{intrinsic_density, or};
use super::transistor::{Transistor, effective_size};
use crate::circuit::{Circuit, Device, Element, ElementId, ModelCard, ModelId, ParamData, ParamValue};
use crate::devices::cards::{device, intern, nominal_temperature};
use crate::devices::junction::CELSIUS;
use crate::devices::{Bank, Builder, Slot, apply, apply_card};
use crate::diagnostic::Diagnostic;

/// Length and width of a transistor when neither its line nor `.options` give them, m.
const DEFAULT_SIZE: f64 = 1e-4;

/// A model card that has been read.
struct Card {
    model: MosfetModel,
    level: u8,
    nominal: f64,
}

/// Sizes of transistors that do not give their own.
struct Defaults {
    l: f64,
    w: f64,
    ad: f64,
    as_: f64,
}

impl Defaults {
    fn read(circuit: &Circuit) -> Self {
        let option = |name: &str, default: f64| {
            let given = circuit.options.iter().rev().find(|s| s.name == name);
            match given.map(|s| &s.value) {
                Some(ParamData::Number(size)) if *size >= 0.0 => *size,
                _ => default,
            }
        };
        Self {
            l: option("defl", DEFAULT_SIZE),
            w: option("defw", DEFAULT_SIZE),
            ad: option("defad", 0.0),
            as_: option("defas", 0.0),
        }
    }
}

/// Reads a card; `None` when its level is not offered.
fn read_card(card: &ModelCard, default_nominal: f64, found: &mut Vec<Diagnostic>) -> Option<Card> {
    let Some(level) = level(card) else {
        found.push(refused_level(card));
        return None;
    };
    let owner = format!("model `{}` of type {}", card.name, card.kind);
    let (ignored, given): (Vec<_>, Vec<_>) =
        card.params.iter().cloned().partition(|p| IGNORED.contains(&p.name.as_str()));
    let mut model = MosfetModel::default();
    apply_card(&mut model, &given, &owner, found);
    let without_effect = |p: &ParamValue| {
        Diagnostic::warning(p.span, format!("parameter `{}` of {owner} has no effect at level {level}", p.name))
            .label("ignored")
    };
    found.extend(ignored.iter().map(without_effect));
    found.extend(given.iter().filter(|p| unused(level).contains(&p.name.as_str())).map(without_effect));
    if !model.capop.is_nan()
        && ![0.0, 1.0, 2.0, 4.0].contains(&model.capop)
        && let Some(p) = given.iter().find(|p| p.name == "capop")
    {
        found.push(
            Diagnostic::error(p.span, format!("{owner}: capop={} is not offered", model.capop))
                .label("0, 1, 2 (Meyer) or 4 (Ward and Dutton) expected"),
        );
    }
    let nominal = if model.tnom.is_nan() { default_nominal } else { model.tnom + CELSIUS };
    let oxide = !(model.tox.is_nan() || model.tox == 0.0) || !matches!(level, 1 | 6);
    if let Some(p) = given.iter().find(|p| p.name == "nsub")
        && oxide
        && model.nsub > 0.0
        && model.nsub * 1e6 <= intrinsic_density(level, nominal)
    {
        let text = format!("{owner}: the doping {:e} /cm^3 is below the intrinsic density of silicon", model.nsub);
        found.push(Diagnostic::error(p.span, text).label("more than 1.45e10 expected"));
    }
    Some(Card { model, level, nominal })
}

/// Reads the parameters of an instance; `ic=vds,vgs,vbs` stands for the three initial voltages.
fn read_instance(
    element: &Element,
    device: &Device,
    defaults: &Defaults,
    found: &mut Vec<Diagnostic>,
) -> MosfetInstance {
    let mut given = Vec::with_capacity(device.params.len());
    for param in &device.params {
        match &param.value {
            ParamData::Vector(voltages) if param.name == "ic" && voltages.len() <= 3 => {
                given.extend(["icvds", "icvgs", "icvbs"].iter().zip(voltages).map(|(name, v)| ParamValue {
                    name: (*name).to_string(),
                    value: ParamData::Number(*v),
                    span: param.span,
                }));
            }
            ParamData::Number(v) if param.name == "ic" => {
                given.push(ParamValue { name: "icvds".to_string(), value: ParamData::Number(*v), span: param.span })
            }
            _ => given.push(param.clone()),
        }
    }
    let mut geo = MosfetInstance::default();
    apply(&mut geo, &given, &format!("`{}`", element.name), found);
    geo.l = or(geo.l, defaults.l);
    geo.w = or(geo.w, defaults.w);
    geo.ad = or(geo.ad, defaults.ad);
    geo.as_ = or(geo.as_, defaults.as_);
    geo
}

/// Complains about a channel without length or width.
fn check_size(element: &Element, card: &Card, geo: &MosfetInstance, found: &mut Vec<Diagnostic>) {
    let (length, width) = effective_size(card.level, &card.model, geo);
    let complaint = if length <= 0.0 {
        format!("length {:e} m is not more than twice the lateral diffusion {:e} m", geo.l, card.model.ld)
    } else if width <= 0.0 {
        format!("width {:e} m is not more than twice the narrowing {:e} m", geo.w, card.model.wd)
    } else {
        return;
    };
    let text = format!("`{}`: {complaint}", element.name);
    found.push(Diagnostic::error(element.span, text).label("no channel is left"));
}

/// Builds the bank of all transistors of a circuit.
pub fn build(builder: &mut Builder, ids: &[ElementId], found: &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>> {
    let circuit = builder.circuit;
    let (default_nominal, defaults) = (nominal_temperature(circuit), Defaults::read(circuit));
    let mut cards: Vec<(ModelId, Option<Card>)> = Vec::new();
    let mut bank = MosfetBank::default();
    for &id in ids {
        let (element, device, card) = device(circuit, id)?;
        let place = match cards.iter().rposition(|(model, _)| *model == device.model) {
            Some(place) => place,
            None => {
                cards.push((device.model, read_card(card, default_nominal, found)));
                cards.len() - 1
            }
        };
        // neighbours share their card
        let last = cards.len() - 1;
        cards.swap(place, last);
        let Some(read) = &cards[last].1 else { continue };
        let geo = read_instance(element, device, &defaults, found);
        check_size(element, read, &geo, found);
        let sign = if card.kind == "pmos" { -1.0 } else { 1.0 };
        let temperature = if geo.temp.is_nan() { builder.temperature + geo.dtemp } else { geo.temp + CELSIUS };
        let transistor = Transistor::new(read.level, &read.model, &geo, sign, temperature, read.nominal);
        let outer = [builder.terminal(id, 0), builder.terminal(id, 2)];
        let mut inner = outer;
        let mut series_slots = [[Slot::MAX; 4]; 2];
        let series = [(transistor.drain_conductance, "drain"), (transistor.source_conductance, "source")];
        for (k, (conductance, name)) in series.into_iter().enumerate() {
            if conductance > 0.0 {
                inner[k] = builder.internal_node(id, name);
                series_slots[k] = builder.pair(outer[k], inner[k]);
            }
        }
        let nodes = [inner[0], builder.terminal(id, 1), inner[1], builder.terminal(id, 3)];
        let slots = nodes.map(|row| nodes.map(|column| builder.entry(row, column)));
        let noise = super::quantities::Noise::new(&read.model);
        bank.elements.push(id);
        bank.fets.push(Fet {
            nodes,
            outer,
            sign,
            transistor: intern(&mut bank.transistors, transistor),
            noise: intern(&mut bank.noises, noise),
            off: geo.off != 0.0,
            initial: [geo.icvds, geo.icvgs, geo.icvbs],
            slots,
            series_slots,
        });
    }
    bank.forget();
    Some(Box::new(bank))
}
