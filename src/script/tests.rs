use std::sync::Arc;

use super::*;

/// Output of a script, with findings as lines `! line:column message`.
#[derive(Default)]
struct Recorded(String);

impl Console for Recorded {
    fn print(&mut self, text: &str) {
        self.0 += text;
    }
    fn report(&mut self, finding: &Diagnostic, sources: &SourceMap) {
        let place = finding.span.filter(|s| (s.file as usize) < sources.len()).map(|s| sources.line_column(s));
        let (line, column) = place.unwrap_or((0, 0));
        let hint = finding.hint.as_deref().map_or(String::new(), |hint| format!(" ({hint})"));
        self.0 += &format!("! {line}:{column} {}{hint}\n", finding.message);
    }
    fn note(&mut self, text: &str) {
        self.0 += &format!("note: {text}\n");
    }
}

fn run_script(script: &str) -> (String, Outcome) {
    let deck = format!(
        "rc\nV1 in 0 dc 2 ac 1\nR1 in out {{r}}\nC1 out 0 1u\nR2 out 0 1k\n.param r=1k\n.control\n{script}\n.endc\n.end\n"
    );
    let parsed = Parsed::read_text("t.cir", &deck, &[]);
    let parsed_script = Script::of(&parsed).unwrap_or_else(|e| panic!("{}", e.message));
    let mut console = Recorded::default();
    let folder = tempfile::tempdir().expect("a folder");
    let overrides = Overrides::default();
    let outcome = run(&Arc::clone(&parsed), &parsed_script, &overrides, None, folder.path().into(), &mut console);
    (console.0, outcome)
}

fn output(script: &str) -> String {
    run_script(script).0
}

#[test]
fn values_print_as_in_ngspice() {
    for (script, expected) in [
        ("print 2^3^2", "2^3^2 = 5.120000e+02\n"),
        ("print -2^2", "-2^2 = -4.00000e+00\n"),
        ("print sqrt(-4)", "sqrt(-4) = 0.000000e+00,2.000000e+00\n"),
        ("let x = vector(3)\necho $&x", "0 1 2\n"),
        ("let x = 0.25\necho v $&x {$&x} {x*2}", "v 0.25 0.25 0.5\n"),
        ("let q = 1e-15\necho $&q \"$&q\"", "1E-15 1E-15\n"),
        ("set a = ( 1 2 3 )\necho $a $a[2] $#a $?a $?nothing", "1 2 3 2 3 1 0\n"),
        ("set b = 5\nset c = {$b}x\necho $c", "5x\n"),
        ("strcmp r abc abc\necho $r", "0\n"),
        ("define f(x,y) (x*y+1)\nprint f(2,3)", "f(2,3) = 7.000000e+00\n"),
        ("compose d start=0 stop=1 step=0.25\necho $&d", "0 0.25 0.5 0.75 1\n"),
        ("let a = vector(3)\nlet a[1] = 7\necho $&a", "0 7 2\n"),
        ("echo -n a\necho b ; comment\n* comment\necho c $ comment", "ab\nc\n"),
    ] {
        assert_eq!(output(script), expected, "{script}");
    }
}

#[test]
fn control_flow() {
    for (script, expected) in [
        ("repeat 2\necho again\nend", "again\nagain\n"),
        ("foreach v 1 2 three\necho item $v\nend", "item 1\nitem 2\nitem three\n"),
        ("let k=0\nwhile k < 3\necho k $&k\nlet k = k+1\nend", "k 0\nk 1\nk 2\n"),
        ("let k=5\ndowhile k < 3\necho k $&k\nlet k = k+1\nend", "k 5\n"),
        ("if 3 > 2\necho yes\nelse\necho no\nend", "yes\n"),
        ("let z=2\nif z = 1\necho 1\nelse if z = 2\necho 2\nelse\necho 3\nend", "2\n"),
        ("foreach a 1 2 3\nif $a = 2\ncontinue\nend\nif $a = 3\nbreak\nend\necho $a\nend\necho done", "1\ndone\n"),
        ("foreach a 1 2\nforeach b 1 2\nbreak 2\nend\nend\necho out", "out\n"),
        ("let k=0\nlabel again\nlet k=k+1\nif k < 3\ngoto again\nend\necho $&k", "3\n"),
    ] {
        assert_eq!(output(script), expected, "{script}");
    }
}

#[test]
fn analyses_and_changes() {
    let (text, outcome) = run_script(
        "op\nprint v(out)\nalter r1 = 3k\nop\nprint v(out)\nalterparam r = 9k\nreset\nop\nprint v(out) op1.v(out)\n\
         dc v1 0 1 0.5\nprint length(v(out)) v(out)[2]\nac lin 1 159.15494309 159.15494309\nprint mag(v(in))",
    );
    assert_eq!(
        text,
        "v(out) = 1.000000e+00\nv(out) = 5.000000e-01\nv(out) = 2.000000e-01\nop1.v(out) = 1.000000e+00\n\
         length(v(out)) = 3.000000e+00\nv(out)[2] = 1.000000e-01\nmag(v(in)) = 1.000000e+00\n"
    );
    assert_eq!(outcome.plots.len(), 5);
    assert_eq!(outcome.errors, 0);
}

#[test]
fn measures_become_vectors() {
    let (text, outcome) = run_script("tran 10u 1m\nmeas tran m max v(in)\nlet y = m*2\nprint y\nquit 3\necho never");
    assert!(text.starts_with("m                   =  2.000000e+00 at="), "{text}");
    assert!(text.ends_with("y = 4.000000e+00\n"), "{text}");
    assert_eq!(outcome.exit, Some(3));
    assert!(outcome.measures[0].value.is_some_and(|v| (v - 2.0).abs() < 1e-9));
}

#[test]
fn mistakes_are_located_and_the_script_goes_on() {
    for (script, expected) in [
        ("pront 1\necho on", "! 8:1 unknown command `pront` (did you mean `print`?)\non\n"),
        ("print 1+nosuch", "! 8:9 there is no vector `nosuch` (`display` lists the vectors of a plot)\n"),
        ("let x = 1 +", "! 8:12 wrong expression: expected a number, a name or `(`\n"),
        (
            "echo $nosuch",
            "! 8:1 there is no variable `nosuch` (variables are made by `set`; the value of a vector is written `$&name`)\n",
        ),
        ("shell ls", "! 8:1 commands of the system are not run from a deck\n"),
        ("run", "! 8:1 the deck has no analysis to run\n"),
        ("plot v(out)", "note: `plot` draws nothing in a batch run; `--plot FILE` writes an SVG\n"),
    ] {
        assert_eq!(output(script), expected, "{script}");
    }
    assert!(output("tran 1u").starts_with("! 8:1 expected the step"), "{}", output("tran 1u"));
}

#[test]
fn blocks_must_be_ended() {
    for (script, message) in [
        ("while 1\necho x", "this `while` is not ended"),
        ("end", "`end` ends nothing"),
        ("if 1\nelse\nelse\nend", "`else` outside of `if`"),
        ("while", "a condition is missing"),
    ] {
        assert_eq!(Script::from_text(script).expect_err(script).message, message, "{script}");
    }
    assert!(Script::from_text(&"if 1\n".repeat(1000)).is_err());
}
