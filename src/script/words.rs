//! Words of a command: `$variable`, `$&vector`, `$?variable`, `{..}`, quotes; `set`, `echo` and their kin.

use super::flow::Line;
use super::{Done, Interpreter, Problem, Variable};
use crate::calc::Vector;
use crate::diagnostic::Diagnostic;
use crate::measure::general;

/// A number in the text of a line, as ngspice writes `$&x`.
pub(super) fn spelled(value: f64) -> String {
    general(value).replace('e', "E")
}

/// All numbers of a vector, complex ones as `re,im`.
pub(super) fn spelled_vector(vector: &Vector) -> String {
    let number = |k: usize| {
        let z = vector.at(k);
        if vector.is_complex() { format!("{},{}", spelled(z.re), spelled(z.im)) } else { spelled(z.re) }
    };
    (0..vector.len()).map(number).collect::<Vec<_>>().join(" ")
}

/// Words separated by blanks; quotes keep blanks.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let (mut word, mut open, mut quoted) = (String::new(), false, false);
    for c in text.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                open = true;
            }
            c if c.is_whitespace() && !quoted => {
                if open {
                    all.push(std::mem::take(&mut word));
                }
                open = false;
            }
            c => {
                word.push(c);
                open = true;
            }
        }
    }
    if open {
        all.push(word);
    }
    all
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Interpreter<'_> {
    /// The text of a line with variables and braces put in; a line without any is handed back as it is.
    pub(super) fn substituted(&mut self, text: &str, line: &Line) -> Result<String, Problem> {
        if !text.contains(['$', '{']) {
            return Ok(text.to_string());
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['$', '{']) {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(inner) = rest.strip_prefix('{') {
                let Some(end) = closing(inner) else {
                    out.push('{');
                    rest = inner;
                    continue;
                };
                let content = self.substituted(&inner[..end], line)?;
                out.push_str(&self.braces(&inner[..end], &content));
                rest = &inner[end + 1..];
                continue;
            }
            let used = self.dollar(rest, &mut out, line)?;
            rest = &rest[used..];
        }
        out.push_str(rest);
        Ok(out)
    }

    /// What stands for `{content}`: the text itself after substitution, or the value of an expression.
    fn braces(&mut self, written: &str, content: &str) -> String {
        let simple = content.chars().all(|c| is_name(c) || matches!(c, '.' | '-' | '+'));
        if written.starts_with('$') && simple {
            return content.to_string();
        }
        match self.value(content) {
            Ok(value) if !value.is_empty() => spelled_vector(&value),
            _ => format!("{{{content}}}"),
        }
    }

    /// Puts in what begins with `$`; the number of bytes used.
    fn dollar(&mut self, rest: &str, out: &mut String, line: &Line) -> Result<usize, Problem> {
        let after = &rest[1..];
        if after.is_empty() || after.starts_with(char::is_whitespace) {
            out.push('$');
            return Ok(1);
        }
        if after.starts_with('$') {
            out.push_str(&std::process::id().to_string());
            return Ok(2);
        }
        let (kind, body) = match after.chars().next() {
            Some(kind @ ('&' | '?' | '#')) => (Some(kind), &after[1..]),
            _ => (None, after),
        };
        if kind == Some('&') {
            let length = vector_name(body);
            let mut name = &body[..length];
            let braced = name.strip_prefix('(').and_then(|n| n.strip_suffix(')'));
            name = braced.unwrap_or(name);
            let name = self.substituted(name, line)?;
            let value = self.value(&name)?;
            out.push_str(&spelled_vector(&value));
            return Ok(2 + length);
        }
        let braced = body.starts_with('{');
        let length = if braced {
            body.find('}').map_or(body.len(), |end| end + 1)
        } else {
            body.find(|c: char| !is_name(c)).unwrap_or(body.len())
        };
        let name = if braced { body[1..length].trim_end_matches('}') } else { &body[..length] };
        let used = 1 + usize::from(kind.is_some()) + length;
        match kind {
            Some('?') => out.push(if self.variable(name).is_some() { '1' } else { '0' }),
            Some(_) => out.push_str(&self.variable(name).map_or(0, |words| words.len()).to_string()),
            None => {
                let Some(words) = self.variable(name).or_else(|| self.built_in(name)) else {
                    let at = line.text.find(rest).unwrap_or(0);
                    return Err(Problem::At(
                        at,
                        used,
                        format!("there is no variable `{name}`"),
                        Some("variables are made by `set`; the value of a vector is written `$&name`".into()),
                    ));
                };
                // `$list[2]` counts from 1.
                if let Some(index) = body[length..].strip_prefix('[')
                    && let Some(end) = index.find(']')
                {
                    let index = self.substituted(&index[..end], line)?;
                    let (low, high) = index.split_once('-').unwrap_or((index.as_str(), index.as_str()));
                    let number =
                        |text: &str| text.trim().parse::<usize>().ok().filter(|n| (1..=words.len()).contains(n));
                    let (Some(low), Some(high)) = (number(low), number(high)) else {
                        return Err(format!("`{name}` has {} words, there is no word `{index}`", words.len()).into());
                    };
                    out.push_str(&words[low - 1..high.max(low)].join(" "));
                    return Ok(used + end + 2);
                }
                out.push_str(&words.join(" "));
            }
        }
        Ok(used)
    }

    /// Variables that are there without `set`.
    fn built_in(&self, name: &str) -> Option<Vec<String>> {
        match name {
            "curplot" | "curplotname" | "curplottitle" => {
                let plot = self.plots.current();
                Some(vec![match name {
                    "curplot" => plot.name.clone(),
                    "curplotname" => plot.data.plot_name.clone(),
                    _ => plot.data.title.clone(),
                }])
            }
            "plots" => Some(self.plots.names()),
            "sourcepath" | "inputdir" => Some(vec![self.folder.display().to_string()]),
            _ => None,
        }
    }

    /// The words of a list, substituted; `( a b c )` loses its parentheses.
    pub(super) fn words(&mut self, text: &str, line: &Line) -> Result<Vec<String>, Problem> {
        let text = self.substituted(text, line)?;
        let text = text.trim();
        let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or(text);
        Ok(split(inner))
    }

    /// `set a`, `set a = b`, `set a = ( 1 2 3 )`, and several of them on a line.
    pub(super) fn set(&mut self, rest: &str) -> Done {
        if rest.is_empty() {
            let lines: Vec<String> = self.variables.keys().map(|name| format!("{name}\n")).collect();
            lines.iter().for_each(|line| self.console.print(line));
            return Ok(());
        }
        let mut rest = rest.trim();
        while !rest.is_empty() {
            let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
            let name = rest[..end].to_string();
            rest = rest[end..].trim_start();
            let value = match rest.strip_prefix('=') {
                None => Variable::Flag,
                Some(value) => {
                    let value = value.trim_start();
                    if let Some(list) = value.strip_prefix('(') {
                        let end = list.find(')').unwrap_or(list.len());
                        rest = list.get(end + 1..).unwrap_or("").trim_start();
                        Variable::List(split(&list[..end]))
                    } else if let Some(quoted) = value.strip_prefix('"') {
                        let end = quoted.find('"').unwrap_or(quoted.len());
                        rest = quoted.get(end + 1..).unwrap_or("").trim_start();
                        Variable::Word(quoted[..end].to_string())
                    } else {
                        let end = value.find(char::is_whitespace).unwrap_or(value.len());
                        rest = value[end..].trim_start();
                        Variable::Word(value[..end].to_string())
                    }
                }
            };
            self.assigned(&name, &value);
            self.variables.insert(name, value);
        }
        Ok(())
    }

    /// Variables with an effect of their own.
    fn assigned(&mut self, name: &str, value: &Variable) {
        match (name, value) {
            ("units", Variable::Word(word)) => self.degrees = word.eq_ignore_ascii_case("degrees"),
            ("temp", Variable::Word(word)) => {
                if let Some((celsius, _)) = crate::expr::number(word) {
                    self.overrides.celsius = Some(celsius);
                }
            }
            ("rndseed", Variable::Word(word)) => {
                if let Ok(seed) = word.parse() {
                    self.seed = seed;
                }
            }
            ("curplot", Variable::Word(word)) => drop(self.plots.choose(word)),
            _ => {}
        }
    }

    /// `shift [variable [n]]`
    pub(super) fn shift(&mut self, rest: &str) -> Done {
        let mut words = rest.split_whitespace();
        let name = words.next().unwrap_or("argv");
        let count: usize = words.next().and_then(|n| n.parse().ok()).unwrap_or(1);
        match self.variables.get_mut(name) {
            Some(Variable::List(list)) => {
                list.drain(..count.min(list.len()));
                Ok(())
            }
            _ => Err(format!("`{name}` is no list").into()),
        }
    }

    /// `strcmp result a b`
    pub(super) fn strcmp(&mut self, rest: &str) -> Done {
        let words = split(rest);
        let [name, a, b] = &words[..] else { return Err("`strcmp` takes a variable and two texts".into()) };
        let order = match a.cmp(b) {
            std::cmp::Ordering::Less => "-1",
            std::cmp::Ordering::Equal => "0",
            std::cmp::Ordering::Greater => "1",
        };
        self.variables.insert(name.clone(), Variable::Word(order.into()));
        Ok(())
    }

    /// `echo [-n] words`
    pub(super) fn echo(&mut self, rest: &str) -> Done {
        let (rest, target) = self.redirected(rest);
        let (rest, end) = match rest.strip_prefix("-n") {
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => (rest.trim_start(), ""),
            _ => (rest, "\n"),
        };
        self.put(target, &format!("{}{end}", split(rest).join(" ")))
    }

    /// The text before `> file` or `>> file`, and the file with whether to append.
    pub(super) fn redirected<'t>(&self, text: &'t str) -> (&'t str, Option<(String, bool)>) {
        let mut quoted = false;
        for (at, c) in text.char_indices() {
            match c {
                '"' => quoted = !quoted,
                '>' if !quoted && !text[at + 1..].starts_with('=') => {
                    let append = text[at + 1..].starts_with('>');
                    let file = text[at + 1 + usize::from(append)..].trim().trim_matches('"');
                    if file.is_empty() || file.contains(char::is_whitespace) {
                        return (text, None);
                    }
                    return (text[..at].trim_end(), Some((file.to_string(), append)));
                }
                _ => {}
            }
        }
        (text, None)
    }

    /// Text to the console or to a file.
    pub(super) fn put(&mut self, target: Option<(String, bool)>, text: &str) -> Done {
        let Some((name, append)) = target else {
            self.console.print(text);
            return Ok(());
        };
        let path = self.path(&name);
        let file = std::fs::OpenOptions::new().create(true).write(true).append(append).truncate(!append).open(&path);
        use std::io::Write;
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|e| Problem::Plain(format!("cannot write `{}`: {e}", path.display())))
    }

    /// `option name=value ..`: settings of the analyses that follow.
    pub(super) fn option(&mut self, rest: &str) -> Done {
        for word in split(&rest.replace(" =", "=").replace("= ", "=")) {
            let (name, value) = word.split_once('=').unwrap_or((&word, "1"));
            let name = name.to_ascii_lowercase();
            let number = crate::expr::number(value).filter(|(_, used)| *used == value.len());
            let value = match number {
                Some((number, _)) => crate::circuit::ParamData::Number(number),
                None => crate::circuit::ParamData::Text(value.to_ascii_lowercase()),
            };
            if let (crate::circuit::ParamData::Number(celsius), "temp") = (&value, name.as_str()) {
                self.overrides.celsius = Some(*celsius);
            }
            self.settings.retain(|setting| setting.name != name);
            self.settings.push(crate::circuit::Setting { name, value, span: Default::default() });
        }
        Ok(())
    }

    /// A remark about a whole line.
    pub(super) fn warn(&mut self, message: String) {
        let finding = Diagnostic { span: None, ..Diagnostic::warning(Default::default(), message) };
        let sources = std::sync::Arc::clone(&self.sources);
        self.console.report(&finding, &sources);
    }
}

/// Length of a vector's name: `x`, `v(out)`, `tran1.v(out)`, `x[3]`, `@m1[gm]`, `(expression)`.
fn vector_name(text: &str) -> usize {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' if depth == 0 => return at,
            ')' | ']' => depth -= 1,
            _ if depth > 0 => {}
            c if is_name(c) || matches!(c, '.' | '@' | '#') => {}
            _ => return at,
        }
    }
    text.len()
}

/// Place of the brace that closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}
