//! Whom we trust, and talking to them in secret; the build without TLS knows nobody.

#[cfg(feature = "tls")]
pub(super) use self::with::Trust;
#[cfg(not(feature = "tls"))]
pub(super) use self::without::Trust;

#[cfg(feature = "tls")]
mod with {
    use std::cell::OnceCell;
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use rustls::SignatureScheme;
    use rustls::crypto::ring::{cipher_suite, kx_group};
    use rustls::crypto::{
        CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, WebPkiSupportedAlgorithms,
    };
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use rustls::sign::SigningKey;
    use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

    use webpki::ring as webpki;

    use crate::config::Network;
    use crate::export::sink::address::Host;
    use crate::export::sink::descriptor;
    use crate::export::sink::fault::Fault;
    use crate::export::sink::http::Connection;
    use crate::export::sink::socket::Socket;

    /// Where systems keep the certificates they trust, in one file.
    const SYSTEM: [&str; 5] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];

    /// Whom we trust; read from the files when first needed.
    #[derive(Default)]
    pub(in crate::export::sink) struct Trust(OnceCell<Arc<ClientConfig>>);

    impl Trust {
        /// Makes sure who is at the other end, and talks in secret from there on.
        pub(in crate::export::sink) fn talk(
            &self,
            host: &Host,
            mut socket: Socket,
            network: &Network,
        ) -> Result<Box<dyn Connection>, Fault> {
            let config = match self.0.get() {
                Some(config) => Arc::clone(config),
                None => {
                    let config = Arc::new(config(network)?);
                    Arc::clone(self.0.get_or_init(|| config))
                }
            };
            let name = ServerName::try_from(host.name.clone())
                .map_err(|error| Fault::Address(error.to_string()))?;
            let mut session = ClientConnection::new(config, name).map_err(untrusted)?;
            while session.is_handshaking() {
                session.complete_io(&mut socket)?;
            }
            Ok(Box::new(StreamOwned::new(session, socket)))
        }
    }

    fn config(network: &Network) -> Result<ClientConfig, Fault> {
        let config = ClientConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()
            .map_err(untrusted)?
            .with_root_certificates(roots(network)?)
            .with_no_client_auth();
        Ok(config)
    }

    /// What every server of today can do. The rest of what rustls offers, by its
    /// `default_provider`, would be 150 kilobytes of ciphers for processors that cannot
    /// do AES, of curves besides those of certificates, and of keys of one's own.
    fn provider() -> CryptoProvider {
        CryptoProvider {
            cipher_suites: vec![
                cipher_suite::TLS13_AES_256_GCM_SHA384,
                cipher_suite::TLS13_AES_128_GCM_SHA256,
                cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            ],
            kx_groups: vec![kx_group::SECP256R1, kx_group::SECP384R1],
            signature_verification_algorithms: SIGNATURES,
            secure_random: &Kernel,
            key_provider: &NoKeys,
        }
    }

    /// How certificates may be signed, and how servers may prove that theirs is theirs.
    static SIGNATURES: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
        all: &[
            webpki::ECDSA_P256_SHA256,
            webpki::ECDSA_P256_SHA384,
            webpki::ECDSA_P384_SHA256,
            webpki::ECDSA_P384_SHA384,
            webpki::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
            webpki::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
            webpki::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
            webpki::RSA_PKCS1_2048_8192_SHA256,
            webpki::RSA_PKCS1_2048_8192_SHA384,
            webpki::RSA_PKCS1_2048_8192_SHA512,
        ],
        mapping: &[
            (
                SignatureScheme::ECDSA_NISTP384_SHA384,
                &[webpki::ECDSA_P384_SHA384, webpki::ECDSA_P256_SHA384],
            ),
            (
                SignatureScheme::ECDSA_NISTP256_SHA256,
                &[webpki::ECDSA_P256_SHA256, webpki::ECDSA_P384_SHA256],
            ),
            (
                SignatureScheme::RSA_PSS_SHA512,
                &[webpki::RSA_PSS_2048_8192_SHA512_LEGACY_KEY],
            ),
            (
                SignatureScheme::RSA_PSS_SHA384,
                &[webpki::RSA_PSS_2048_8192_SHA384_LEGACY_KEY],
            ),
            (
                SignatureScheme::RSA_PSS_SHA256,
                &[webpki::RSA_PSS_2048_8192_SHA256_LEGACY_KEY],
            ),
            (
                SignatureScheme::RSA_PKCS1_SHA512,
                &[webpki::RSA_PKCS1_2048_8192_SHA512],
            ),
            (
                SignatureScheme::RSA_PKCS1_SHA384,
                &[webpki::RSA_PKCS1_2048_8192_SHA384],
            ),
            (
                SignatureScheme::RSA_PKCS1_SHA256,
                &[webpki::RSA_PKCS1_2048_8192_SHA256],
            ),
        ],
    };

    /// Secrets come from where the kernel has them.
    #[derive(Debug)]
    struct Kernel;

    impl SecureRandom for Kernel {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
            descriptor::fill_with_secrets(bytes).map_err(|_| GetRandomFailed)
        }
    }

    /// We never say who we are by a key of our own.
    #[derive(Debug)]
    struct NoKeys;

    impl KeyProvider for NoKeys {
        fn load_private_key(
            &self,
            _: PrivateKeyDer<'static>,
        ) -> Result<Arc<dyn SigningKey>, rustls::Error> {
            Err(rustls::Error::General("no keys are used".to_owned()))
        }
    }

    fn roots(network: &Network) -> Result<RootCertStore, Fault> {
        let path = match network.certificate_file.as_deref() {
            Some(named) => Some(named),
            None => SYSTEM.into_iter().find(|path| Path::new(path).exists()),
        };
        let nothing = "this machine has no file of certificates to trust".to_owned();
        let path = path.ok_or(Fault::Untrusted(nothing))?;
        let unreadable = |reason: String| Fault::Untrusted(format!("{path}: {reason}"));
        let bytes = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let mut roots = RootCertStore::empty();
        // What cannot be read among them is nobody's we would meet.
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&bytes).flatten());
        if roots.is_empty() {
            return Err(unreadable("no certificate is in it".to_owned()));
        }
        Ok(roots)
    }

    fn untrusted(error: rustls::Error) -> Fault {
        Fault::Untrusted(error.to_string())
    }
}

#[cfg(not(feature = "tls"))]
mod without {
    use crate::config::Network;
    use crate::export::sink::address::Host;
    use crate::export::sink::fault::Fault;
    use crate::export::sink::http::Connection;
    use crate::export::sink::socket::Socket;

    /// Nobody.
    #[derive(Default)]
    pub(in crate::export::sink) struct Trust();

    impl Trust {
        #[allow(clippy::unused_self, reason = "as with TLS")]
        pub(in crate::export::sink) fn talk(
            &self,
            _host: &Host,
            _socket: Socket,
            _network: &Network,
        ) -> Result<Box<dyn Connection>, Fault> {
            let reason = "https:// needs TLS, which this build of the library leaves out";
            Err(Fault::Address(reason.to_owned()))
        }
    }
}
