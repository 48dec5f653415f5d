//! JSON objects written member by member, so that a part which was encoded once goes into several records as it is.

use serde::Serialize;

/// An object that has been begun.
#[derive(Debug)]
pub(crate) struct Object<'a>(&'a mut Vec<u8>);

impl<'a> Object<'a> {
    /// An object with all members of `value`, which is one itself, and more to come.
    pub(crate) fn like(
        to: &'a mut Vec<u8>,
        value: &impl Serialize,
    ) -> Result<Self, serde_json::Error> {
        serde_json::to_writer(&mut *to, value)?;
        // Its end comes with `end`.
        to.pop();
        Ok(Self(to))
    }

    /// A member.
    pub(crate) fn member(
        &mut self,
        name: &str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), serde_json::Error> {
        self.name(name);
        serde_json::to_writer(&mut *self.0, value)
    }

    /// A member that is encoded already.
    pub(crate) fn encoded(&mut self, name: &str, json: &[u8]) {
        self.name(name);
        self.0.extend_from_slice(json);
    }

    /// All members of an object that is encoded already.
    pub(crate) fn members_of(&mut self, json: &[u8]) {
        let members = json
            .strip_prefix(b"{")
            .and_then(|rest| rest.strip_suffix(b"}"))
            .unwrap_or_default();
        if !members.is_empty() {
            self.comma();
            self.0.extend_from_slice(members);
        }
    }

    /// A member that is an object.
    pub(crate) fn object(&mut self, name: &str) -> Object<'_> {
        self.name(name);
        self.0.push(b'{');
        Object(self.0)
    }

    /// Nothing more comes.
    pub(crate) fn end(self) {
        self.0.push(b'}');
    }

    /// `name` is one of ours and needs no escape.
    fn name(&mut self, name: &str) {
        self.comma();
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn comma(&mut self) {
        // No member ends with an opening brace.
        if self.0.last() != Some(&b'{') {
            self.0.push(b',');
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_has_the_members_it_was_given() {
        let mut text = Vec::new();
        let mut object = Object::like(&mut text, &json!({"a": 1, "b": "{"})).unwrap();
        object.member("c", &["{"]).unwrap();
        object.encoded("d", b"{\"e\":2}");
        let mut inner = object.object("f");
        inner.members_of(b"{}");
        inner.members_of(b"{\"g\":3,\"h\":4}");
        inner.members_of(b"{\"i\":5}");
        inner.end();
        object.object("j").end();
        object.end();
        let expected = r#"{"a":1,"b":"{","c":["{"],"d":{"e":2},"f":{"g":3,"h":4,"i":5},"j":{}}"#;
        assert_eq!(String::from_utf8(text).unwrap(), expected);
        let mut text = Vec::new();
        let mut object = Object::like(&mut text, &json!({})).unwrap();
        object.encoded("a", b"1");
        object.end();
        assert_eq!(text, b"{\"a\":1}");
    }
}
