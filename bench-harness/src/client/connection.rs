//! A connection to a broker: negotiated versions, and one request after the other for everything that is not hot.

use std::net::{SocketAddr, ToSocketAddrs};
use std::rc::Rc;

use bytes::Bytes;
use corelog_protocol::frame::encode_request_frame_pieces;
use corelog_protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use corelog_protocol::{ApiKey, ByteStr, ErrorCode, Message, Reader, Request, RequestHeader, ResponseHeader};
use corelog_runtime::{Connection, Handle};

use super::{ClientError, FrameReader, Versions};

/// How the generator calls itself.
const CLIENT_ID: ByteStr = ByteStr::from_static("corelog-bench");
/// The largest answer that is accepted: as large as the largest fetch that can be configured, and its heads.
const ANSWER_SIZE_MAX: usize = 256 * 1024 * 1024;
/// The first version that says who the client is; older brokers refuse it by UNSUPPORTED_VERSION in version 0.
const API_VERSIONS_VERSION: i16 = 3;

/// A connection whose versions are negotiated.
pub struct BrokerConnection {
    connection: Rc<dyn Connection>,
    reader: FrameReader,
    versions: Rc<Versions>,
    next_correlation_id: i32,
}

impl BrokerConnection {
    /// Connects and asks for the broker's versions.
    ///
    /// # Errors
    /// See `ClientError`.
    pub async fn open(handle: &Handle, address: SocketAddr) -> Result<BrokerConnection, ClientError> {
        let connection = handle.net.connect(address).await;
        let connection = connection.map_err(|source| ClientError::Connect { address, source })?;
        let mut broker = BrokerConnection {
            reader: FrameReader::new(Rc::clone(&connection), ANSWER_SIZE_MAX),
            connection,
            versions: Rc::new(Versions::default()),
            next_correlation_id: 0,
        };
        broker.versions = Rc::new(Versions::from(&broker.api_versions().await?));
        Ok(broker)
    }

    /// The broker's versions.
    pub fn versions(&self) -> &Rc<Versions> {
        &self.versions
    }

    async fn api_versions(&mut self) -> Result<ApiVersionsResponse, ClientError> {
        let request = ApiVersionsRequest {
            client_software_name: String::from("corelog-bench"),
            client_software_version: String::from(env!("CARGO_PKG_VERSION")),
            ..ApiVersionsRequest::default()
        };
        let body = self.exchange(&request, API_VERSIONS_VERSION).await?;
        // The first field, and in every version the error code.
        let refused = ErrorCode::UnsupportedVersion.code().to_be_bytes();
        let response: ApiVersionsResponse = if body.starts_with(&refused) {
            let body = self.exchange(&ApiVersionsRequest::default(), 0).await?;
            decode(ApiKey::ApiVersions, body, 0)?
        } else {
            decode(ApiKey::ApiVersions, body, API_VERSIONS_VERSION)?
        };
        refuse("ApiVersions", response.error_code)?;
        Ok(response)
    }

    /// Sends a request in the highest version that both sides have, and waits for its answer.
    ///
    /// # Errors
    /// See `ClientError`.
    pub async fn call<R: Request>(&mut self, request: &R) -> Result<R::Response, ClientError> {
        let version = self.versions.pick(R::KEY)?;
        self.call_as(request, version).await
    }

    /// As `call`, in this version.
    ///
    /// # Errors
    /// See `ClientError`.
    pub async fn call_as<R: Request>(
        &mut self,
        request: &R,
        version: i16,
    ) -> Result<R::Response, ClientError> {
        let body = self.exchange(request, version).await?;
        decode(R::KEY, body, version)
    }

    async fn exchange<R: Request>(&mut self, request: &R, version: i16) -> Result<Bytes, ClientError> {
        let address = self.connection.peer_address();
        let correlation_id = self.next_correlation_id;
        self.next_correlation_id = correlation_id.wrapping_add(1);
        let frame = encode(request, version, correlation_id)?;
        let sent = self.connection.send(frame).await;
        sent.map_err(|source| ClientError::Broken { address, source })?;
        let answer = self.reader.next().await?;
        let answer = answer.ok_or(ClientError::Closed { address })?;
        strip_header(R::KEY, version, correlation_id, &answer)
    }

    /// Takes the connection apart, for requests in flight at once.
    pub fn into_parts(self) -> (Rc<dyn Connection>, FrameReader, Rc<Versions>) {
        (self.connection, self.reader, self.versions)
    }
}

/// A request's frame, in pieces.
///
/// # Errors
/// `Encode`.
pub fn encode<R: Request>(request: &R, version: i16, correlation_id: i32) -> Result<Vec<Bytes>, ClientError> {
    let header = RequestHeader {
        api_key: R::KEY,
        api_version: version,
        correlation_id,
        client_id: Some(CLIENT_ID),
    };
    encode_request_frame_pieces(&header, |writer| request.encode(writer, version))
        .map(|pieces| pieces.into_vec())
        .map_err(|source| ClientError::Encode { api: R::KEY, source })
}

/// Checks an answer's header and gives its message.
///
/// # Errors
/// `Decode`, `Correlation`.
pub fn strip_header(api: ApiKey, version: i16, expected: i32, frame: &Bytes) -> Result<Bytes, ClientError> {
    let mut reader = Reader::new(frame.clone());
    let header = ResponseHeader::decode(&mut reader, api.response_header_version(version));
    let found = header
        .map_err(|source| ClientError::Decode { api, source })?
        .correlation_id;
    if found != expected {
        return Err(ClientError::Correlation { expected, found });
    }
    Ok(frame.slice(reader.position()..))
}

/// Reads an answer's message.
///
/// # Errors
/// `Decode`.
pub fn decode<M: Message>(api: ApiKey, body: Bytes, version: i16) -> Result<M, ClientError> {
    M::from_bytes(body, version).map_err(|source| ClientError::Decode { api, source })
}

/// Takes an error code as an error.
///
/// # Errors
/// `Refused`.
pub fn refuse(what: &str, code: i16) -> Result<(), ClientError> {
    if code == ErrorCode::None.code() {
        return Ok(());
    }
    Err(ClientError::Refused {
        what: what.to_owned(),
        code,
    })
}

/// The first address of `host:port`. Blocks on the resolver.
///
/// # Errors
/// `Resolve`.
pub fn resolve(address: &str) -> Result<SocketAddr, ClientError> {
    let failed = |source| ClientError::Resolve {
        address: address.to_owned(),
        source,
    };
    let mut found = address.to_socket_addrs().map_err(failed)?;
    found
        .next()
        .ok_or_else(|| failed(std::io::ErrorKind::NotFound.into()))
}
