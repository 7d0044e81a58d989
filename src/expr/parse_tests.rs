use super::*;
use proptest::prelude::*;

fn constant(text: &str) -> f64 {
    let tree = expression(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    tree.evaluate(&mut |name| panic!("{text}: {name:?}"))
}

#[test]
fn precedence() {
    for (text, value) in [
        ("-2^2", -4.0),
        ("2^3^2", 64.0),
        ("2^-1^2", 0.25),
        ("2**-1", 0.5),
        ("-2**-2", -0.25),
        ("10/4*2", 5.0),
        ("10-3-2", 5.0),
        ("7%4*2", 6.0),
        ("1+2*3", 7.0),
        ("1==1+1", 0.0),
        ("!0+1", 2.0),
        ("!!3", 1.0),
        ("-!0", -1.0),
        ("1<2==1", 1.0),
        ("2==2>1", 0.0),
        ("1||0&&0", 1.0),
        ("0&&1||1", 1.0),
        ("1<>2", 1.0),
        ("3!=3", 0.0),
        ("3>=3&&2<=1", 0.0),
        ("1?2:3?4:5", 2.0),
        ("0?2:0?4:5", 5.0),
        ("1?0?7:8:9", 8.0),
        ("1||0?2:3", 2.0),
        ("{1+2}*(3+{4})", 21.0),
        ("2k*1m", 2.0),
        ("1e3-1e-3*1meg", 0.0),
        ("- - 3", 3.0),
        ("2*-3", -6.0),
        ("2--3", 5.0),
        (" 1\t+\n2 ", 3.0),
        ("MAX(1,2,3,2.5)", 3.0),
    ] {
        assert_eq!(constant(text), value, "{text}");
    }
}

#[test]
fn names() {
    let leaf = |text: &str| match expression(text) {
        Ok(Expr::Leaf(name)) => name,
        other => panic!("{text}: {other:?}"),
    };
    let voltage =
        |plus: &str, minus: Option<&str>, at| Name::Voltage { plus: plus.into(), minus: minus.map(String::from), at };
    assert_eq!(leaf(" V( A )"), voltage("a", None, 1));
    assert_eq!(leaf("v(3)"), voltage("3", None, 0));
    assert_eq!(leaf("v(x1.n-2 , net#1)"), voltage("x1.n-2", Some("net#1"), 0));
    assert_eq!(leaf("v (a+b/c,0)"), voltage("a+b/c", Some("0"), 0));
    assert_eq!(leaf("I(V.X1.Vs)"), Name::Current { element: "v.x1.vs".into(), at: 0 });
    assert_eq!(leaf("Gain_2"), Name::Ident { name: "gain_2".into(), at: 0 });
    assert_eq!(leaf("@r1[resistance]"), Name::Ident { name: "@r1[resistance]".into(), at: 0 });
    assert_eq!(leaf("v"), Name::Ident { name: "v".into(), at: 0 });
    assert_eq!(
        leaf("f(1,x)"),
        Name::Call {
            function: "f".into(),
            arguments: vec![Expr::Const(1.0), Expr::Leaf(Name::Ident { name: "x".into(), at: 4 })],
            at: 0
        }
    );
    assert_eq!(leaf("f()"), Name::Call { function: "f".into(), arguments: vec![], at: 0 });
    assert!(matches!(leaf("limit(1,2)"), Name::Call { .. }));
    assert!(matches!(leaf("sqrt(1,2)"), Name::Call { .. }));
    // a conditional over names needs no spaces
    assert!(matches!(expression("x?a:b"), Ok(Expr::If(..))));
}

#[test]
fn error_positions() {
    for (text, at, expected) in [
        ("", 0, "a number, a name or `(`"),
        ("1+", 2, "a number, a name or `(`"),
        ("1 + * 2", 4, "a number, a name or `(`"),
        ("(1+2", 4, "`)`"),
        ("{1+2)", 4, "`}`"),
        ("1+2)", 3, "an operator or the end of the expression"),
        ("a b", 2, "an operator or the end of the expression"),
        ("a=b", 1, "an operator or the end of the expression"),
        ("4k7", 2, "an operator or the end of the expression"),
        ("v()", 2, "a node name"),
        ("v(a,)", 4, "a node name"),
        ("v(a,b,c)", 5, "`)`"),
        ("v(a b)", 4, "`)`"),
        ("i( )", 3, "an element name"),
        ("f(1 2)", 4, "`,` or `)`"),
        ("f(1,)", 4, "a number, a name or `(`"),
        ("1?2", 3, "`:`"),
        ("2*1e999", 2, "a number that a double can hold"),
        ("\u{b5}\u{2126}+\u{20ac}", 6, "a number, a name or `(`"),
    ] {
        let error = expression(text).expect_err(text);
        assert_eq!((error.at, error.expected.as_str()), (at, expected), "{text}");
    }
}

#[test]
fn depth_bombs() {
    const N: usize = 1_000_000;
    for (open, tail) in
        [("(", ""), ("{", ""), ("-", "1"), ("f(", ""), ("2^", "1"), ("1?", "1"), ("1?2:", "1"), ("+1", ""), ("1*", "1")]
    {
        let error = expression(&(open.repeat(N) + tail)).expect_err(open);
        assert!(error.expected.contains("nested too deeply"), "{open}: {error}");
    }
    assert_eq!(constant(&("(".repeat(200) + "1" + &")".repeat(200))), 1.0);
    assert_eq!(constant(&vec!["1"; 999].join("+")), 999.0);
}

proptest! {
    #[test]
    fn any_text_is_safe(text in "[-+*/^()?:<>=!&|{}.,a-fv0-9 ]{0,60}") {
        if let Err(error) = expression(&text) {
            prop_assert!(error.at <= text.len() && text.is_char_boundary(error.at));
        }
    }
}
