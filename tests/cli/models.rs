//! `ionspice models`.

use crate::Folder;

#[test]
fn all_model_types_are_listed() {
    let ran = Folder::new().ionspice(&["models"]).exits(0);
    for kind in ["d ", "nmos, pmos", "opamp", "sw ", "csw", "dac", "adc", "vteam", "cmo_hfo2"] {
        assert!(ran.out.lines().any(|line| line.starts_with(kind)), "{kind} in\n{}", ran.out);
    }
}

#[test]
fn one_model_type_with_parameters_units_and_source() {
    let ran = Folder::new().ionspice(&["models", "VTEAM"]).exits(0);
    for word in ["terminals: te be", "ron", "ohm", "doi:10.1109/TCSII.2015.2433536", "@name[quantity]"] {
        assert!(ran.out.contains(word), "{word} in\n{}", ran.out);
    }
}

#[test]
fn json_holds_every_parameter_once() {
    let folder = Folder::new();
    let all: serde_json::Value =
        serde_json::from_str(&folder.ionspice(&["models", "--json"]).exits(0).out).expect("JSON");
    for model in all.as_array().expect("a list") {
        for list in ["model_params", "instance_params"] {
            let names: Vec<&str> =
                model[list].as_array().expect(list).iter().map(|p| p["name"].as_str().expect("a name")).collect();
            let mut unique = names.clone();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), names.len(), "{}", model["kinds"]);
        }
        let kind = model["kinds"][0].as_str().expect("a kind");
        let one: serde_json::Value =
            serde_json::from_str(&folder.ionspice(&["models", kind, "--json"]).exits(0).out).expect("JSON");
        assert_eq!(&one, model);
    }
}

#[test]
fn an_unknown_model_type_is_an_argument_error() {
    let folder = Folder::new();
    folder.ionspice(&["models", "nonsense"]).exits(2).says(&["no model type `nonsense`"]);
    folder.ionspice(&["models", "vtaem"]).exits(2).says(&["did you mean `vteam`?"]);
}
