use super::super::jacobian_check::check;
use super::super::testbench::{Deck, System};

#[test]
fn jacobians_are_exact() {
    let tail = [("vto", -1.2), ("beta", 2e-3), ("lambda", 0.03), ("b", 0.6), ("rd", 20.0), ("rs", 10.0)];
    let charges = [("vto", -1.5), ("cgs", 2e-12), ("cgd", 1e-12), ("pb", 0.8), ("isr", 1e-12)];
    let ionised = [("vto", -0.5), ("beta", 1e-3), ("alpha", 0.3), ("vk", 1.0), ("lambda", 0.05)];
    for (kind, params) in [("njf", &tail[..]), ("njf", &charges), ("njf", &ionised), ("pjf", &tail), ("pjf", &charges)]
    {
        let mut deck = Deck::new();
        let model = deck.model(kind, params);
        deck.device("j1", "d g s", model, &[("area", 2.0), ("m", 2.0)]);
        check(&deck, 0.4, true);
        check(&deck, 1.5, true);
    }
}

#[test]
fn jacobians_of_the_mesfet_are_exact() {
    let params =
        [("vto", -1.3), ("alpha", 2.5), ("lambda", 0.04), ("cgs", 1e-12), ("cgd", 4e-13), ("rd", 30.0), ("rs", 5.0)];
    for kind in ["nmf", "pmf"] {
        let mut deck = Deck::new();
        let model = deck.model(kind, &params);
        deck.device("z1", "d g s", model, &[("area", 1.5)]);
        check(&deck, 0.4, true);
        check(&deck, 1.5, true);
    }
}

#[test]
fn saturated_jfet_follows_the_square_law() {
    let mut deck = Deck::new();
    deck.v("vg", "g 0", -0.5);
    deck.v("vd", "d 0", 8.0);
    let model = deck.model("njf", &[("vto", -2.0), ("beta", 1e-3), ("lambda", 0.01)]);
    deck.device("j1", "d g 0", model, &[]);
    let mut system = System::new(&deck);
    let x = system.op();
    let exact = 1e-3 * 1.5f64.powi(2) * (1.0 + 0.01 * 8.0);
    assert!((x[system.index("vd")] / -exact - 1.0).abs() < 1e-7);
}

#[test]
fn other_levels_are_errors() {
    let mut deck = Deck::new();
    let model = deck.model("njf", &[("level", 2.0), ("vbi", 1.0)]);
    deck.device("j1", "d g s", model, &[]);
    let errors = deck.errors();
    assert!(errors.len() == 1 && errors[0].message.contains("level 2"), "{errors:?}");
}
