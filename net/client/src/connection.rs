//! One connection to one broker: blocking, one request at a time.
//!
//! Invariant: after an error that [`ConnectionError`] reports, the connection is not used again; its owner drops it.

use std::io::{self, IoSlice, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use bytes::{Buf, Bytes};
use corelog_protocol::frame::{SIZE_PREFIX, encode_request_frame_pieces, frame_size};
use corelog_protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use corelog_protocol::{
    ApiKey, BrokerVersions, ByteStr, ErrorCode, Message, Reader, Request, RequestHeader, ResponseHeader,
};

use crate::address::Address;
use crate::api_error::ApiError;
use crate::error::ConnectionError;

/// The largest response that is read, in bytes: twice what a fetch asks for at most.
const RESPONSE_SIZE_MAX: usize = 256 * 1024 * 1024;
/// A response's buffer grows by this while its bytes arrive, so that a length alone allocates little.
const READ_CHUNK: usize = 1024 * 1024;

/// How connections are made.
#[derive(Clone, Debug)]
pub struct ConnectionOptions {
    /// How the client calls itself, in the broker's logs and quotas.
    pub client_id: String,
    /// How long to wait for the TCP connection.
    pub connect_timeout: Duration,
    /// How long to wait for an answer, beyond what the request itself lets the broker wait.
    pub request_timeout: Duration,
}

impl Default for ConnectionOptions {
    fn default() -> ConnectionOptions {
        ConnectionOptions {
            client_id: "corelog".to_owned(),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
        }
    }
}

/// A connection whose broker's versions are known.
#[derive(Debug)]
pub struct Connection {
    address: Address,
    stream: TcpStream,
    client_id: ByteStr,
    request_timeout: Duration,
    correlation_id: i32,
    versions: BrokerVersions,
}

impl Connection {
    /// Connects and asks for the broker's versions.
    ///
    /// # Errors
    /// See [`ConnectionError`].
    pub fn open(address: &Address, options: &ConnectionOptions) -> Result<Connection, ConnectionError> {
        let stream = connect(address, options)?;
        let mut connection = Connection {
            address: address.clone(),
            stream,
            client_id: ByteStr::from(options.client_id.as_str()),
            request_timeout: options.request_timeout,
            correlation_id: 0,
            versions: BrokerVersions::default(),
        };
        connection.versions = connection.negotiate()?;
        Ok(connection)
    }

    /// The broker's address.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The versions that the broker has.
    pub fn versions(&self) -> &BrokerVersions {
        &self.versions
    }

    /// Sends the request that `build` makes for the highest common version, and waits for the answer.
    /// `broker_wait` is how long the request lets the broker take.
    ///
    /// # Errors
    /// See [`ConnectionError`].
    pub fn call<R: Request>(
        &mut self,
        broker_wait: Duration,
        build: impl FnOnce(i16) -> R,
    ) -> Result<R::Response, ConnectionError> {
        let version = self.version_of(R::KEY)?;
        self.exchange(version, broker_wait, &build(version))
    }

    /// Sends a request that has no answer (Produce with acks=0).
    ///
    /// # Errors
    /// See [`ConnectionError`].
    pub fn send_only<R: Request>(&mut self, build: impl FnOnce(i16) -> R) -> Result<(), ConnectionError> {
        let version = self.version_of(R::KEY)?;
        self.send(version, &build(version)).map(|_| ())
    }

    fn version_of(&self, api: ApiKey) -> Result<i16, ConnectionError> {
        self.versions
            .highest_common(api, i16::MAX)
            .ok_or_else(|| ConnectionError::NoCommonVersion {
                address: self.address.clone(),
                api,
                broker: self.versions.of(api),
            })
    }

    /// Asks in our newest version; a broker that does not know it answers in version 0 (KIP-511).
    fn negotiate(&mut self) -> Result<BrokerVersions, ConnectionError> {
        let request = ApiVersionsRequest {
            client_software_name: "corelog".to_owned(),
            client_software_version: env!("CARGO_PKG_VERSION").to_owned(),
            ..ApiVersionsRequest::default()
        };
        let newest = *ApiKey::ApiVersions.versions().end();
        let correlation_id = self.send(newest, &request)?;
        let body = self.receive(ApiKey::ApiVersions, newest, correlation_id, Duration::ZERO)?;
        let is_refused = body.first_chunk::<2>().map(|code| i16::from_be_bytes(*code))
            == Some(ErrorCode::UnsupportedVersion.code());
        let response = if is_refused {
            let refusal: ApiVersionsResponse = self.decode(ApiKey::ApiVersions, 0, body)?;
            let version = BrokerVersions::new(&refusal)
                .highest_common(ApiKey::ApiVersions, newest)
                .unwrap_or(0);
            let request = if version < 3 {
                ApiVersionsRequest::default()
            } else {
                request
            };
            self.exchange(version, Duration::ZERO, &request)?
        } else {
            self.decode(ApiKey::ApiVersions, newest, body)?
        };
        ApiError::check(response.error_code, None).map_err(|source| ConnectionError::Versions {
            address: self.address.clone(),
            source,
        })?;
        Ok(BrokerVersions::new(&response))
    }

    fn exchange<R: Request>(
        &mut self,
        version: i16,
        broker_wait: Duration,
        request: &R,
    ) -> Result<R::Response, ConnectionError> {
        let correlation_id = self.send(version, request)?;
        let body = self.receive(R::KEY, version, correlation_id, broker_wait)?;
        self.decode(R::KEY, version, body)
    }

    fn send<R: Request>(&mut self, version: i16, request: &R) -> Result<i32, ConnectionError> {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let header = RequestHeader {
            api_key: R::KEY,
            api_version: version,
            correlation_id: self.correlation_id,
            client_id: Some(self.client_id.clone()),
        };
        let pieces = encode_request_frame_pieces(&header, |writer| request.encode(writer, version)).map_err(
            |source| ConnectionError::Encode {
                address: self.address.clone(),
                api: R::KEY,
                version,
                source,
            },
        )?;
        write_all(&mut self.stream, &pieces)
            .map_err(|source| self.broken(R::KEY, self.request_timeout, source))?;
        Ok(self.correlation_id)
    }

    /// Reads one response and takes its header off.
    fn receive(
        &mut self,
        api: ApiKey,
        version: i16,
        correlation_id: i32,
        broker_wait: Duration,
    ) -> Result<Bytes, ConnectionError> {
        let wait = self.request_timeout + broker_wait;
        let frame = (|| {
            self.stream.set_read_timeout(Some(wait))?;
            let mut prefix = [0; SIZE_PREFIX];
            self.stream.read_exact(&mut prefix)?;
            let size = match frame_size(prefix, RESPONSE_SIZE_MAX) {
                Ok(size) => size,
                Err(error) => return Ok(Err(error)),
            };
            read_frame(&mut self.stream, size).map(Ok)
        })()
        .map_err(|source| self.broken(api, wait, source))?;
        let frame = frame.map_err(|source| ConnectionError::Frame {
            address: self.address.clone(),
            source,
        })?;

        let mut reader = Reader::new(frame.clone());
        let header =
            ResponseHeader::decode(&mut reader, api.response_header_version(version)).map_err(|source| {
                ConnectionError::Decode {
                    address: self.address.clone(),
                    api,
                    version,
                    source,
                }
            })?;
        if header.correlation_id != correlation_id {
            return Err(ConnectionError::Correlation {
                address: self.address.clone(),
                expected: correlation_id,
                found: header.correlation_id,
            });
        }
        Ok(frame.slice(reader.position()..))
    }

    fn decode<M: Message>(&self, api: ApiKey, version: i16, body: Bytes) -> Result<M, ConnectionError> {
        M::from_bytes(body, version).map_err(|source| ConnectionError::Decode {
            address: self.address.clone(),
            api,
            version,
            source,
        })
    }

    fn broken(&self, api: ApiKey, waited: Duration, source: io::Error) -> ConnectionError {
        let address = self.address.clone();
        match source.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                ConnectionError::TimedOut { address, api, waited }
            }
            _ => ConnectionError::Broken { address, api, source },
        }
    }
}

fn connect(address: &Address, options: &ConnectionOptions) -> Result<TcpStream, ConnectionError> {
    let candidates = (address.host.as_str(), address.port)
        .to_socket_addrs()
        .map_err(|source| ConnectionError::Resolve {
            address: address.clone(),
            source,
        })?;
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for candidate in candidates {
        let connected = TcpStream::connect_timeout(&candidate, options.connect_timeout).and_then(|stream| {
            // Without it the last small piece of a request waits for an acknowledgement of the one before.
            stream.set_nodelay(true)?;
            stream.set_write_timeout(Some(options.request_timeout))?;
            Ok(stream)
        });
        match connected {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(ConnectionError::Connect {
        address: address.clone(),
        source: failure,
    })
}

fn write_all(stream: &mut TcpStream, pieces: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece.chunk())).collect();
    let mut rest = slices.as_mut_slice();
    while !rest.is_empty() {
        match stream.write_vectored(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut rest, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn read_frame(stream: &mut TcpStream, size: usize) -> io::Result<Bytes> {
    let mut frame = Vec::new();
    while frame.len() < size {
        let start = frame.len();
        frame.resize(size.min(start + READ_CHUNK), 0);
        stream.read_exact(&mut frame[start..])?;
    }
    Ok(Bytes::from(frame))
}
