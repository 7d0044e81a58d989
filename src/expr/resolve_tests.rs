use super::*;
use crate::expr::expression;

/// Parameters and functions by name; `v(x)` is the leaf `x`, current `i(x)` the leaf `i:x`.
#[derive(Default)]
struct Names {
    parameters: Vec<(&'static str, f64)>,
    functions: HashMap<String, Function>,
    convention: Convention,
}

impl Names {
    fn parameter(mut self, name: &'static str, value: f64) -> Self {
        self.parameters.push((name, value));
        self
    }

    fn func(mut self, name: &str, formals: &str, body: &str) -> Self {
        let formals = formals.split(',').filter(|name| !name.is_empty()).map(String::from).collect();
        self.functions.insert(name.into(), (formals, Arc::new(expression(body).unwrap())));
        self
    }

    fn resolve(&mut self, text: &str) -> Result<Expr<String>, ResolveError> {
        expression(text).unwrap().resolve(self)
    }

    fn value(&mut self, text: &str) -> f64 {
        let expr = self.resolve(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        expr.as_const().unwrap_or_else(|| panic!("{text}: {expr:?}"))
    }

    fn error(&mut self, text: &str) -> (usize, String) {
        let error = self.resolve(text).expect_err(text);
        (error.at, error.message)
    }
}

impl Scope<String> for Names {
    fn ident(&mut self, name: &str) -> Option<Result<Expr<String>, String>> {
        if name == "time" {
            return Some(Ok(Expr::Leaf("time".into())));
        }
        let known = self.parameters.iter().find(|parameter| parameter.0 == name);
        known.map(|parameter| Ok(Expr::Const(parameter.1)))
    }

    fn voltage(&mut self, plus: &str, _minus: Option<&str>) -> Result<Expr<String>, String> {
        if plus == "nowhere" { Err("unknown node `nowhere`".into()) } else { Ok(Expr::Leaf(plus.into())) }
    }

    fn current(&mut self, element: &str) -> Result<Expr<String>, String> {
        Ok(Expr::Leaf(format!("i:{element}")))
    }

    fn function(&mut self, name: &str) -> Option<Function> {
        self.functions.get(name).cloned()
    }

    fn convention(&self) -> Convention {
        self.convention
    }

    fn similar(&self, name: &str) -> Option<String> {
        (name == "gian").then(|| "gain".into())
    }
}

#[test]
fn constants_and_parameters() {
    let mut names = Names::default().parameter("r", 50.0).parameter("e", 7.0);
    assert_eq!(names.value("2*R+1"), 101.0);
    assert_eq!(names.value("e"), 7.0, "a parameter goes before the constant");
    assert_eq!(names.value("pi"), std::f64::consts::PI);
    assert_eq!(names.value("kelvin+300.15"), 300.15 - 273.15);
    let thermal = names.value("boltz*(27-kelvin)/echarge");
    assert!((thermal - 8.617_333_262e-5 * 300.15).abs() < 1e-11, "kT/q at 27 C: {thermal}");
    assert_eq!(names.value("planck*c"), 6.626_070_15e-34 * 299_792_458.0);
}

/// Values that ngspice 39 prints for the same `.param` and B source expressions.
#[test]
fn ngspice_values() {
    for convention in [Convention::Parameter, Convention::Behavioural] {
        let mut names = Names { convention, ..Names::default() };
        let parameter = convention == Convention::Parameter;
        for (text, value) in [
            ("(-2)^3", 8.0),
            ("(-2)**3", 8.0),
            ("pow(-2,3)", if parameter { -8.0 } else { 8.0 }),
            ("pwr(-2,3)", if parameter { 8.0 } else { -8.0 }),
            ("-2^2", -4.0),
            ("10/4*2", 5.0),
            ("7%4", 3.0),
            ("nint(2.5)", 2.0),
            ("nint(3.5)", 4.0),
            ("int(-2.7)", -2.0),
            ("1?2:3?4:5", 2.0),
            ("2**-1", 0.5),
            ("!0+1", 2.0),
            ("1==1+1", 0.0),
            ("u(0)", 0.5),
            ("u2(3)+u2(-2)+u2(0.5)", 1.5),
            ("sgn(0)", 0.0),
            ("pwl(3,0,0,1,10,2,30)", 50.0),
            ("pwl(-2,0,0,1,10,2,30)", -20.0),
            ("uramp(-2)+uramp(3)", 3.0),
            ("ceil(-2.7)", -2.0),
        ] {
            assert_eq!(names.value(text), value, "{text} {convention:?}");
        }
        assert!((names.value("log(100)") - 4.605_170_185_988_092).abs() < 1e-15);
        assert!((names.value("(-2)^2.5") - 5.656_854_249_492_381).abs() < 1e-14);
    }
}

#[test]
fn folding_takes_the_branch() {
    let mut names = Names::default().parameter("k", 0.0);
    assert_eq!(names.value("k!=0 ? 1/k : 5"), 5.0);
    assert_eq!(names.value("ternary_fcn(k, ln(k), 5)"), 5.0);
    assert_eq!(names.value("k && 1/k"), 0.0);
    assert_eq!(names.value("!k || 1/k"), 1.0);
    assert_eq!(names.resolve("v(a)*(2*3)").unwrap(), expression_of_leaf("a", 6.0));
    // v(a) at a constant zero divisor is left to the evaluation
    assert!(names.resolve("v(a)/k").is_ok());
    // a name in the branch not taken must still exist
    assert_eq!(names.error("1 ? 2 : nothing"), (8, "unknown parameter `nothing`".into()));
}

fn expression_of_leaf(leaf: &str, factor: f64) -> Expr<String> {
    Expr::Binary(Binary::Multiply, Box::new(Expr::Leaf(leaf.into())), Box::new(Expr::Const(factor)))
}

#[test]
fn undefined_arithmetic() {
    let mut names = Names::default().parameter("k", 0.0);
    for (text, message) in [
        ("1/k", "division by zero"),
        ("v(a)+1/k", "division by zero"),
        ("5%k", "division by zero"),
        ("ln(k)", "logarithm of a number that is not positive"),
        ("sqrt(k-1)", "square root of a negative number"),
        ("k^-1", "zero to a negative power"),
        ("exp(1000)", "exponential overflows"),
        ("10^400", "power overflows"),
        ("acos(2)", "arc sine or cosine outside -1 .. 1"),
        ("1e308*10", "the result is not a finite number"),
        ("max(1/k,1)", "division by zero"),
    ] {
        let at = text.find(['k', 'v']).filter(|_| !text.starts_with("ln") && !text.starts_with("sqrt"));
        let error = names.error(text);
        assert_eq!(error.1, message, "{text}");
        if let Some(at) = at {
            assert_eq!(error.0, at, "{text}");
        }
    }
}

#[test]
fn functions() {
    let mut names = Names::default()
        .parameter("g", 3.0)
        .func("sq", "x", "x*x")
        .func("hyp", "x,y", "sqrt(sq(x)+sq(y))")
        .func("scaled", "x", "g*x")
        .func("one", "", "1")
        .func("limit", "x,lo", "max(x,lo)")
        .func("log", "x", "ln(x)/ln(10)");
    assert_eq!(names.value("hyp(3,4)"), 5.0);
    assert_eq!(names.value("sq(sq(sq(2)))"), 256.0);
    assert_eq!(names.value("scaled(2)+one()"), 7.0);
    assert_eq!(names.value("limit(-1,0)"), 0.0, "the user's function goes before the random one");
    assert!((names.value("log(1000)") - 3.0).abs() < 1e-14, "and before a built-in one");
    // formal arguments do not leak into called functions: `x` inside `scaled` is its own
    assert_eq!(names.func("outer", "g", "scaled(g+1)").value("outer(10)"), 33.0);
}

#[test]
fn function_errors() {
    let mut names = Names::default()
        .func("f", "x", "g(x)+1")
        .func("g", "x", "f(x)*2")
        .func("me", "x", "x>0 ? me(x-1) : 0")
        .func("bad", "x", "x+whatever")
        .func("two", "x,y", "x+y")
        .func("leak", "x", "bare(1)")
        .func("bare", "y", "x");
    assert_eq!(names.error("1+f(2)"), (2, "in function `g`: function `f` calls itself".into()));
    assert_eq!(names.error("me(3)").1, "in function `me`: function `me` calls itself");
    assert_eq!(names.error("2*bad(1)"), (2, "in function `bad`: unknown parameter `whatever`".into()));
    assert_eq!(names.error("two(1)"), (0, "`two` takes 2 arguments, 1 given".into()));
    assert_eq!(names.error("leak(1)").1, "in function `bare`: unknown parameter `x`");
    assert_eq!(names.error("1+sqrt(1,2)"), (2, "`sqrt` takes 1 argument, 2 given".into()));
    assert_eq!(names.error("max(1)").1, "`max` takes at least 2 arguments, 1 given");
    assert_eq!(names.error("agauss(1,2,3)").1, "random function `agauss` cannot stand here like this");
    assert_eq!(names.error("1+limit(1,2)").1, "random function `limit` cannot stand here like this");
    assert_eq!(names.error("1+v(nowhere)"), (2, "unknown node `nowhere`".into()));
    assert_eq!(names.error("pwl(v(a),0,0,0,1)"), (4, "the abscissae of `pwl` must rise: 0 after 0".into()));
    assert_eq!(names.error("pwl(v(a),0,v(b),1,1)").1, "the points of `pwl` must be constants");
    let hint = |error: ResolveError| error.hint;
    assert_eq!(names.resolve("sqrtt(2)").map_err(hint), Err(Some("did you mean `sqrt`?".into())));
    assert_eq!(names.resolve("1+gian").map_err(hint), Err(Some("did you mean `gain`?".into())));
}

#[test]
fn expansion_is_bounded() {
    let mut names = Names::default().func("f0", "x", "x+x");
    for level in 1..60 {
        let inner = level - 1;
        names = names.func(&format!("f{level}"), "x", &format!("f{inner}(x)+f{inner}(x)"));
    }
    assert!(names.error("f59(v(a))").1.contains("too large"));
    assert!(names.error("f59(1)").1.contains("too large"), "work is bounded although the result is a number");
    assert_eq!(names.value("f8(1)"), 512.0);

    let chain = vec!["x"; 900].join("+");
    let mut names = Names::default().func("deep", "x", &chain);
    assert!(names.error("deep(deep(deep(v(a))))").1.contains("too large"));
    for level in 0..150 {
        names = names.func(&format!("c{level}"), "x", &format!("c{}(x)", level + 1));
    }
    assert!(names.error("c0(1)").1.contains("call one another"));
}

/// The highest trees are parsed, resolved, evaluated and dropped within a thread's default stack.
#[test]
fn highest_trees_fit_a_stack() {
    let text = vec!["v(a)"; 999].join("-");
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(move || {
        let expr = Names::default().resolve(&text).unwrap();
        let (program, leaves) = crate::expr::Program::compile(&expr);
        let mut work = crate::expr::Workspace::for_program(&program);
        assert_eq!(leaves, ["a"]);
        (expr.evaluate(&mut |_| 2.0), program.eval(&[2.0], &mut work))
    });
    assert_eq!(thread.unwrap().join().unwrap(), (-1994.0, -1994.0));
}
