//! Random numbers, hashes and grants.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Length of what is behind sealed bytes.
const SEAL_BYTES: usize = 16;

/// The server's own key: signs tokens, grants and codes.
#[derive(Clone)]
pub struct ServerKey([u8; 32]);

impl ServerKey {
    /// A new one.
    ///
    /// # Errors
    ///
    /// What the system says when it gives no random numbers.
    pub fn random() -> Result<ServerKey, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(ServerKey(bytes))
    }

    /// One that was kept as hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<ServerKey> {
        let digits = text.as_bytes().chunks_exact(2).map(|it| std::str::from_utf8(it).ok());
        let bytes: Option<Vec<u8>> = digits.map(|it| u8::from_str_radix(it?, 16).ok()).collect();
        Some(ServerKey(bytes?.try_into().ok()?))
    }

    /// As hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// The bytes, for signing.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// 128 bits that only the server can tell for `message`, as hexadecimal digits.
    pub(crate) fn mark(&self, purpose: &str, message: &str) -> String {
        let mac = self.mac(purpose, message.as_bytes());
        hex(mac.finalize().into_bytes().as_slice()).chars().take(32).collect()
    }

    /// Whether `mark` is the one of `message`, found out in constant time.
    pub(crate) fn verify(&self, purpose: &str, message: &str, mark: &str) -> bool {
        let digits = mark.as_bytes().chunks_exact(2).map(|it| std::str::from_utf8(it).ok());
        let bytes: Option<Vec<u8>> = digits.map(|it| u8::from_str_radix(it?, 16).ok()).collect();
        mark.len() == 32
            && bytes
                .is_some_and(|it| self.mac(purpose, message.as_bytes()).verify_truncated_left(&it).is_ok())
    }

    /// Bytes for others to keep, who can read them and not change them: behind them the 128 bits that only the server can
    /// tell for them, which is what RFC 4868 leaves of HMAC-SHA-256. A text of `A–Z a–z 0–9 - _`.
    pub(crate) fn seal(&self, purpose: &str, mut bytes: Vec<u8>) -> String {
        let mac = self.mac(purpose, &bytes).finalize().into_bytes();
        bytes.extend(mac.iter().take(SEAL_BYTES));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What was sealed for this purpose; none where it was not, or was changed.
    pub(crate) fn unseal(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        let mut bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (message, seal) = bytes.split_at_checked(bytes.len().checked_sub(SEAL_BYTES)?)?;
        self.mac(purpose, message).verify_truncated_left(seal).ok()?;
        bytes.truncate(message.len());
        Some(bytes)
    }

    fn mac(&self, purpose: &str, message: &[u8]) -> Hmac<Sha256> {
        // A key shorter than a block is filled up with zeros: that is what HMAC does.
        let mut block = [0; 64];
        if let Some(start) = block.first_chunk_mut() {
            *start = self.0;
        }
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(message);
        mac
    }
}

/// The SHA-256 of some bytes, as hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&digest(bytes))
}

/// The SHA-256 of some bytes.
pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}
