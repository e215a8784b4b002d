//! From a text to a condition.

use unicode_width::UnicodeWidthStr;

use super::{ExpressionError, Node, Order, Question, Test, Value};

/// Parentheses and `not`s inside of each other; more are no condition that anyone writes.
const DEEPEST: usize = 100;

/// Parses a condition. O(length).
pub(super) fn parse(text: &str) -> Result<Node, ExpressionError> {
    let tokens = Lexer { text, at: 0 }.tokens()?;
    let mut parser = Parser { text, tokens, next: 0, depth: 0 };
    let node = parser.any()?;
    match parser.peek() {
        None => Ok(node),
        Some(token) => Err(parser.fault(token.at, after_test(&token.kind))),
    }
}

fn after_test(kind: &Kind) -> String {
    match kind {
        Kind::Close => "there is no `(` for this `)`".to_owned(),
        other => format!("expected `and`, `or` or the end, found {other}"),
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Token {
    kind: Kind,
    /// Where it begins, in bytes.
    at: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Open,
    Close,
    Comma,
    Equal,
    Unequal,
    Order(Order),
    And,
    Or,
    Not,
    In,
    /// A name as it is, or in backquotes.
    Column(String),
    Value(Value),
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match self {
            Self::Open => "`(`",
            Self::Close => "`)`",
            Self::Comma => "`,`",
            Self::Equal => "`=`",
            Self::Unequal => "`!=`",
            Self::Order(Order::Less) => "`<`",
            Self::Order(Order::LessOrEqual) => "`<=`",
            Self::Order(Order::Greater) => "`>`",
            Self::Order(Order::GreaterOrEqual) => "`>=`",
            Self::And => "`and`",
            Self::Or => "`or`",
            Self::Not => "`not`",
            Self::In => "`in`",
            Self::Column(name) => return write!(formatter, "the name {name}"),
            Self::Value(Value::Text(text)) => return write!(formatter, "the text {text:?}"),
            Self::Value(Value::Number(number)) => return write!(formatter, "the number {number}"),
            Self::Value(Value::Truth(truth)) => return write!(formatter, "`{truth}`"),
            Self::Value(Value::Missing) => "`missing`",
        };
        formatter.write_str(word)
    }
}

fn fault(text: &str, at: usize, reason: impl Into<String>) -> ExpressionError {
    let column = text.get(..at).unwrap_or(text).replace(char::is_control, " ").width();
    ExpressionError { reason: reason.into(), text: text.to_owned(), column }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn tokens(mut self) -> Result<Vec<Token>, ExpressionError> {
        let mut tokens = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            self.at += rest.len() - rest.trim_start().len();
            if self.at == self.text.len() {
                return Ok(tokens);
            }
            let at = self.at;
            let kind = self.kind()?;
            tokens.push(Token { kind, at });
        }
    }

    /// The token that begins here.
    fn kind(&mut self) -> Result<Kind, ExpressionError> {
        let rest = &self.text[self.at..];
        let first = rest.chars().next().unwrap_or_default();
        match first {
            '"' | '\'' => self.quoted(first).map(|text| Kind::Value(Value::Text(text))),
            '`' => self.quoted(first).map(Kind::Column),
            '0'..='9' | '+' | '-' | '.' => self.number(),
            _ if is_name(first) => Ok(self.word()),
            _ => self.sign(rest),
        }
    }

    fn sign(&mut self, rest: &str) -> Result<Kind, ExpressionError> {
        const SIGNS: [(&str, Kind); 14] = [
            ("<=", Kind::Order(Order::LessOrEqual)),
            (">=", Kind::Order(Order::GreaterOrEqual)),
            ("==", Kind::Equal),
            ("!=", Kind::Unequal),
            ("<>", Kind::Unequal),
            ("≠", Kind::Unequal),
            ("(", Kind::Open),
            (")", Kind::Close),
            ("[", Kind::Open),
            ("]", Kind::Close),
            (",", Kind::Comma),
            ("=", Kind::Equal),
            ("<", Kind::Order(Order::Less)),
            (">", Kind::Order(Order::Greater)),
        ];
        if let Some((sign, kind)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            self.at += sign.len();
            return Ok(kind.clone());
        }
        let words = [("&", "`and`"), ("|", "`or`"), ("!", "`not`")];
        let reason = if let Some((sign, word)) = words.iter().find(|(sign, _)| rest.starts_with(sign)) {
            format!("`{sign}` means nothing here; write {word}")
        } else {
            let found = rest.chars().next().unwrap_or_default();
            format!("{found:?} means nothing here; put a text in quotes, and the name of a column in backquotes")
        };
        Err(fault(self.text, self.at, reason))
    }

    /// What stands between two of these; the sign itself is written twice inside.
    fn quoted(&mut self, quote: char) -> Result<String, ExpressionError> {
        let start = self.at;
        let mut found = String::new();
        let mut chars = self.text[start + 1..].char_indices().peekable();
        while let Some((place, next)) = chars.next() {
            if next != quote {
                found.push(next);
            } else if chars.next_if(|&(_, next)| next == quote).is_some() {
                found.push(quote);
            } else {
                self.at = start + 1 + place + 1;
                return Ok(found);
            }
        }
        Err(fault(self.text, start, format!("the {quote} that opens here is not closed")))
    }

    fn number(&mut self) -> Result<Kind, ExpressionError> {
        let start = self.at;
        let rest = &self.text[start..];
        let end = rest.find(|c: char| !(is_name(c) || matches!(c, '+' | '-' | '.' | ':'))).unwrap_or(rest.len());
        let text = &rest[..end];
        self.at += end;
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        let reason = || format!("{text} is not a number; put a text in quotes: \"{text}\"");
        number.map(|number| Kind::Value(Value::Number(number))).ok_or_else(|| fault(self.text, start, reason()))
    }

    /// A keyword or the name of a column, in which a bracket belongs to the number of an element.
    fn word(&mut self) -> Kind {
        let rest = &self.text[self.at..];
        let mut end = 0;
        loop {
            let behind = &rest[end..];
            end += behind.find(|c: char| !(is_name(c) || matches!(c, '-' | '.' | ':'))).unwrap_or(behind.len());
            let element = rest[end..].strip_prefix('[').and_then(|inside| inside.split_once(']'));
            match element {
                Some((number, _)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
                    end += number.len() + 2;
                }
                _ => break,
            }
        }
        self.at += end;
        let word = &rest[..end];
        match word.to_ascii_lowercase().as_str() {
            "and" => Kind::And,
            "or" => Kind::Or,
            "not" => Kind::Not,
            "in" => Kind::In,
            "true" => Kind::Value(Value::Truth(true)),
            "false" => Kind::Value(Value::Truth(false)),
            "missing" | "null" => Kind::Value(Value::Missing),
            _ => Kind::Column(word.to_owned()),
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    /// Passes over the next token if it is this one.
    fn take(&mut self, kind: &Kind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == *kind);
        self.next += usize::from(found);
        found
    }

    fn fault(&self, at: usize, reason: impl Into<String>) -> ExpressionError {
        fault(self.text, at, reason)
    }

    /// The fault that something else stands here.
    fn expected(&self, what: &str) -> ExpressionError {
        match self.peek() {
            Some(token) => self.fault(token.at, format!("expected {what}, found {}", token.kind)),
            None => self.fault(self.text.len(), format!("expected {what}, and there is nothing more")),
        }
    }

    fn any(&mut self) -> Result<Node, ExpressionError> {
        let mut parts = vec![self.all()?];
        while self.take(&Kind::Or) {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Node::Any(parts) })
    }

    fn all(&mut self) -> Result<Node, ExpressionError> {
        let mut parts = vec![self.one()?];
        while self.take(&Kind::And) {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Node::All(parts) })
    }

    fn one(&mut self) -> Result<Node, ExpressionError> {
        if self.depth == DEEPEST {
            return Err(self.expected("fewer parentheses inside of each other"));
        }
        self.depth += 1;
        let open = self.peek().map_or(self.text.len(), |token| token.at);
        let node = if self.take(&Kind::Not) {
            Node::Not(Box::new(self.one()?))
        } else if self.take(&Kind::Open) {
            let inner = self.any()?;
            if !self.take(&Kind::Close) {
                return Err(match self.peek() {
                    None => self.fault(open, "the parenthesis that opens here is not closed"),
                    Some(_) => self.expected("`and`, `or` or `)`"),
                });
            }
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(node)
    }

    /// A column and what is asked of it.
    fn test(&mut self) -> Result<Node, ExpressionError> {
        let column = match self.peek() {
            Some(Token { kind: Kind::Column(name), .. }) => name.clone(),
            Some(Token { kind: Kind::Value(Value::Truth(truth)), .. }) => {
                let truth = *truth;
                self.next += 1;
                return Ok(Node::Always(truth));
            }
            Some(Token { kind: Kind::Value(_), .. }) => {
                return Err(self.expected("the name of a column (in backquotes where it is not a plain word)"));
            }
            _ => return Err(self.expected("a test, such as `language = \"German\"`")),
        };
        self.next += 1;
        let test = |question| Node::Test(Test { column: column.clone(), question });
        if self.take(&Kind::Equal) {
            return Ok(test(Question::IsOneOf(vec![self.value()?])));
        }
        if self.take(&Kind::Unequal) {
            return Ok(Node::Not(Box::new(test(Question::IsOneOf(vec![self.value()?])))));
        }
        if let Some(Token { kind: Kind::Order(order), .. }) = self.peek() {
            let order = *order;
            self.next += 1;
            return self.ordered(order).map(test);
        }
        let opposite = self.take(&Kind::Not);
        if self.take(&Kind::In) {
            let found = test(Question::IsOneOf(self.list()?));
            return Ok(if opposite { Node::Not(Box::new(found)) } else { found });
        }
        if opposite {
            return Err(self.expected("`in`"));
        }
        Ok(test(Question::IsOneOf(vec![Value::Truth(true)])))
    }

    fn ordered(&mut self, order: Order) -> Result<Question, ExpressionError> {
        let at = self.peek().map_or(self.text.len(), |token| token.at);
        match self.value()? {
            Value::Number(number) => Ok(Question::Number(order, number)),
            Value::Text(text) => Ok(Question::Text(order, text)),
            Value::Truth(_) | Value::Missing => Err(self.fault(at, "this has no order; use `=` or `!=`")),
        }
    }

    fn value(&mut self) -> Result<Value, ExpressionError> {
        let found = match self.peek() {
            Some(Token { kind: Kind::Value(value), .. }) => value.clone(),
            Some(Token { kind: Kind::Column(name), at }) => {
                let reason =
                    format!("a column is compared with a value, not with a column; put a text in quotes: \"{name}\"");
                return Err(self.fault(*at, reason));
            }
            _ => return Err(self.expected("a value: a text in quotes, a number, true, false or missing")),
        };
        self.next += 1;
        Ok(found)
    }

    /// Values in parentheses.
    fn list(&mut self) -> Result<Vec<Value>, ExpressionError> {
        if !self.take(&Kind::Open) {
            return Err(self.expected("a list, such as (\"German\", \"French\")"));
        }
        let mut values = vec![self.value()?];
        while self.take(&Kind::Comma) {
            values.push(self.value()?);
        }
        if self.take(&Kind::Close) { Ok(values) } else { Err(self.expected("`,` or `)`")) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Expression, Node, Order, Question, Test, Value};

    fn node(text: &str) -> Node {
        text.parse::<Expression>().unwrap_or_else(|error| panic!("{error}")).root
    }

    fn is(column: &str, values: impl IntoIterator<Item = Value>) -> Node {
        Node::Test(Test { column: column.to_owned(), question: Question::IsOneOf(values.into_iter().collect()) })
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn not(node: Node) -> Node {
        Node::Not(Box::new(node))
    }

    #[test]
    fn and_is_stronger_than_or_and_not_is_stronger_than_both() {
        let x = |name| is(name, [Value::Truth(true)]);
        assert_eq!(node("a or b and not c"), Node::Any(vec![x("a"), Node::All(vec![x("b"), not(x("c"))])]));
        assert_eq!(node("(a or b) and c"), Node::All(vec![Node::Any(vec![x("a"), x("b")]), x("c")]));
        assert_eq!(node("NOT (a OR b)"), not(Node::Any(vec![x("a"), x("b")])));
    }

    #[test]
    fn values_are_texts_numbers_truths_and_missing() {
        assert_eq!(node("a = 'it''s'"), is("a", [text("it's")]));
        assert_eq!(node("a == \"ä b\""), is("a", [text("ä b")]));
        assert_eq!(node("a=-1.5e1"), is("a", [Value::Number(-15.0)]));
        assert_eq!(node("a != missing"), not(is("a", [Value::Missing])));
        assert_eq!(node("a in ('x', 2, true)"), is("a", [text("x"), Value::Number(2.0), Value::Truth(true)]));
        assert_eq!(node("a not in ['x']"), not(is("a", [text("x")])));
        assert_eq!(node("true"), Node::Always(true));
        let order = Question::Number(Order::GreaterOrEqual, 3.0);
        assert_eq!(node("a>=3"), Node::Test(Test { column: "a".to_owned(), question: order }));
        let order = Question::Text(Order::Less, "2024-03-01".to_owned());
        assert_eq!(node("a < '2024-03-01'"), Node::Test(Test { column: "a".to_owned(), question: order }));
    }

    #[test]
    fn columns_are_names_paths_and_what_stands_in_backquotes() {
        let columns = |text: &str| {
            let found: Expression = text.parse().unwrap();
            found.columns().into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(
            columns("games[0].score = 'A' or category_tag.math_v0.1.math"),
            ["games[0].score", "category_tag.math_v0.1.math"]
        );
        assert_eq!(columns("`my column` = 1 and `true` and `a``b` < 2"), ["my column", "true", "a`b"]);
        assert_eq!(columns("länge-1 = 1"), ["länge-1"]);
    }

    #[test]
    fn what_does_not_parse_has_a_caret_under_the_place() {
        let error = |text: &str| text.parse::<Expression>().unwrap_err().to_string();
        assert_eq!(
            error("language = English"),
            "a column is compared with a value, not with a column; put a text in quotes: \"English\"\n  \
             language = English\n             ^"
        );
        for (text, column, part) in [
            ("", 0, "expected a test"),
            ("a =", 3, "expected a value"),
            ("a = 'x", 4, "not closed"),
            ("(a = 1", 0, "not closed"),
            ("a = 1)", 5, "no `(`"),
            ("a = 1 b = 2", 6, "expected `and`, `or` or the end, found the name b"),
            ("'x' = a", 0, "expected the name of a column"),
            ("a not 1", 6, "expected `in`"),
            ("a in 1", 5, "expected a list"),
            ("a in (1 2)", 8, "expected `,` or `)`"),
            ("a < missing", 4, "no order"),
            ("a = 2024-03-01", 4, "is not a number; put a text in quotes: \"2024-03-01\""),
            ("ä && b", 2, "write `and`"),
            ("!a", 0, "write `not`"),
            ("a = $b", 4, "means nothing"),
            ("a and", 5, "nothing more"),
        ] {
            let found = error(text);
            let caret = found.lines().last().unwrap();
            assert_eq!(caret.chars().count(), 2 + column + 1, "{text}: {found}");
            assert!(found.contains(part), "{text}: {found}");
        }
        assert!(error(&("not ".repeat(1000) + "a")).contains("fewer parentheses"));
        assert!(error(&"(".repeat(1000)).contains("fewer parentheses"));
    }
}
