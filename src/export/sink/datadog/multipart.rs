//! The body of a form with files: `multipart/form-data`, as RFC 7578 has it.

/// A body that is being written.
pub(super) struct Multipart {
    boundary: String,
    body: Vec<u8>,
}

impl Multipart {
    /// An empty body. The boundary must not occur in any part: it is made of 128
    /// random bits.
    pub(super) fn new(random: u128) -> Self {
        Self {
            boundary: format!("lockprof-{random:032x}"),
            body: Vec::new(),
        }
    }

    /// The value of the header `Content-Type`.
    pub(super) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// Begins a part, a file of this name; what follows in the body is its content.
    pub(super) fn begin(&mut self, name: &str, file: &str, content_type: Option<&str>) {
        self.end_part();
        let mut head = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n",
            self.boundary
        );
        if let Some(content_type) = content_type {
            head += &format!("Content-Type: {content_type}\r\n");
        }
        head += "\r\n";
        self.body.extend_from_slice(head.as_bytes());
    }

    /// The content of the part that was begun.
    pub(super) fn content(&mut self) -> &mut Vec<u8> {
        &mut self.body
    }

    /// The whole body.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.end_part();
        let end = format!("--{}--\r\n", self.boundary);
        self.body.extend_from_slice(end.as_bytes());
        self.body
    }

    fn end_part(&mut self) {
        if !self.body.is_empty() {
            self.body.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_between_boundaries() {
        let mut form = Multipart::new(0xab);
        let boundary = "lockprof-000000000000000000000000000000ab";
        assert_eq!(
            form.content_type(),
            format!("multipart/form-data; boundary={boundary}")
        );
        form.begin("event", "event.json", Some("application/json"));
        form.content().extend_from_slice(b"{}");
        form.begin("profile.pprof", "profile.pprof", None);
        form.content().extend_from_slice(b"\x1f\x8b");
        let expected = [
            format!("--{boundary}\r\n").as_bytes(),
            b"Content-Disposition: form-data; name=\"event\"; filename=\"event.json\"\r\n",
            b"Content-Type: application/json\r\n\r\n{}\r\n",
            format!("--{boundary}\r\n").as_bytes(),
            b"Content-Disposition: form-data; name=\"profile.pprof\"; filename=\"profile.pprof\"\r\n",
            b"\r\n\x1f\x8b\r\n",
            format!("--{boundary}--\r\n").as_bytes(),
        ]
        .concat();
        assert_eq!(form.finish(), expected);
    }
}
