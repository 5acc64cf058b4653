use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::Instant;

use super::*;
use crate::Repository;

const BODY: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const BODY_MD5: &str = "e9b1713db620f1e3a14b6812de523f4b";

/// What the server does with one connection.
#[derive(Clone, Copy)]
enum Reply {
    /// The whole file, as its version `"1"`.
    Whole,
    /// The head of the whole file, and these many bytes of it.
    Cut(usize),
    /// What the request's range asks for.
    Range,
    /// A status and nothing else.
    Status(&'static str),
    /// No length is announced: the end of the connection is the end of the file.
    Endless,
    /// The connection is closed at once.
    Hang,
}

/// A server on this machine that answers one connection after another, as told.
struct Server {
    address: Address,
    heads: Arc<Mutex<Vec<String>>>,
    thread: JoinHandle<()>,
}

impl Server {
    fn start(replies: &[Reply]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/models/tiny.pth", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (replies, seen) = (replies.to_vec(), heads.clone());
        let thread = std::thread::spawn(move || {
            for reply in replies {
                let stream = accept(&listener);
                let head = read_head(&stream);
                answer(&stream, reply, &head);
                seen.lock().unwrap().push(head);
            }
        });
        Server { address: Address::parse(&url).unwrap(), heads, thread }
    }

    /// The requests that came, once all replies have been given.
    fn requests(self) -> Vec<String> {
        self.thread.join().unwrap();
        self.heads.lock().unwrap().clone()
    }
}

/// The next connection; a test that makes fewer of them than it has replies fails, and does not hang.
fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let start = Instant::now();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).unwrap();
                return stream;
            }
            Err(error) => assert!(start.elapsed() < Duration::from_secs(20), "no request: {error}"),
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn read_head(mut stream: &TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}

fn answer(mut stream: &TcpStream, reply: Reply, head: &str) {
    let whole = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"1\"\r\nContent-Length: {}\r\n\r\n",
        BODY.len()
    );
    let (head, body) = match reply {
        Reply::Whole => (whole, BODY),
        Reply::Cut(count) => (whole, &BODY[..count]),
        Reply::Range => {
            let start = head.split("range: bytes=").nth(1).unwrap();
            let start: usize = start.split('-').next().unwrap().parse().unwrap();
            let (last, size) = (BODY.len() - 1, BODY.len());
            let range = format!("Content-Range: bytes {start}-{last}/{size}");
            let length = format!("Content-Length: {}", size - start);
            (
                format!("HTTP/1.1 206 Partial\r\nConnection: close\r\n{range}\r\n{length}\r\n\r\n"),
                &BODY[start..],
            )
        }
        Reply::Status(status) => (
            format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
            &BODY[..0],
        ),
        Reply::Endless => ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_owned(), BODY),
        Reply::Hang => return,
    };
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
}

fn downloader(folder: &Path) -> Downloader {
    let downloader = Downloader::new(Cache::at(folder)).unwrap();
    downloader
        .allow_http(true)
        .offline(false)
        .attempts(3, Duration::from_millis(1))
        .patience(Duration::from_secs(5))
}

/// Fetches from a server with these replies, and gives the result and the requests.
fn fetch(replies: &[Reply], md5: Option<&str>) -> (Result<Vec<u8>, Error>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(replies);
    let result = downloader(folder.path()).fetch(&server.address, md5);
    (result.map(|path| std::fs::read(path).unwrap()), server.requests())
}

#[test]
fn a_file_is_fetched_checked_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&[Reply::Whole]);
    let downloader = downloader(folder.path());
    let path = downloader.fetch(&server.address, Some(BODY_MD5)).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), BODY);
    let address = server.address.clone();
    assert_eq!(server.requests().len(), 1);
    assert_eq!(downloader.offline(true).fetch(&address, Some(BODY_MD5)).unwrap(), path);
    assert!(!beside(&path, "part").exists());
}

#[test]
fn a_broken_transfer_goes_on_where_it_stopped() {
    let (result, requests) = fetch(&[Reply::Cut(10), Reply::Range], Some(BODY_MD5));
    assert_eq!(result.unwrap(), BODY);
    assert!(requests[1].contains("range: bytes=10-"), "{}", requests[1]);
    assert!(requests[1].contains("if-range: \"1\""), "{}", requests[1]);
}

#[test]
fn a_later_process_goes_on_where_an_earlier_one_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&[Reply::Cut(20), Reply::Hang, Reply::Range]);
    let first = downloader(folder.path()).attempts(1, Duration::ZERO);
    assert!(first.fetch(&server.address, None).is_err());
    assert!(first.fetch(&server.address, None).is_err());
    let path = downloader(folder.path()).fetch(&server.address, None).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), BODY);
    assert!(server.requests()[2].contains("range: bytes=20-"));
}

#[test]
fn a_server_without_ranges_sends_it_all_again() {
    let (result, requests) = fetch(&[Reply::Cut(10), Reply::Whole], Some(BODY_MD5));
    assert_eq!(result.unwrap(), BODY);
    assert_eq!(requests.len(), 2);
}

#[test]
fn a_range_that_is_refused_starts_the_file_over() {
    let replies = [Reply::Cut(10), Reply::Status("416 No"), Reply::Whole];
    assert_eq!(fetch(&replies, Some(BODY_MD5)).0.unwrap(), BODY);
}

#[test]
fn a_file_without_a_length_is_taken_to_its_end() {
    assert_eq!(fetch(&[Reply::Endless], Some(BODY_MD5)).0.unwrap(), BODY);
}

#[test]
fn a_wrong_checksum_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&[Reply::Whole]);
    let downloader = downloader(folder.path());
    let error = downloader.fetch(&server.address, Some(&"0".repeat(32))).unwrap_err();
    assert!(matches!(error, Error::Retrieval(RetrievalError::HashMismatch { .. })), "{error}");
    let path = downloader.cache.path_of(&server.address);
    assert!(!path.exists() && !beside(&path, "part").exists());
}

#[test]
fn failing_servers_are_tried_again() {
    let busy = Reply::Status("503 Busy\r\nRetry-After: 0");
    let (result, requests) = fetch(&[busy, Reply::Hang, Reply::Whole], None);
    assert_eq!(result.unwrap(), BODY);
    assert_eq!(requests.len(), 3);
    let error = fetch(&[busy; 3], None).0.unwrap_err();
    assert!(matches!(error, Error::Retrieval(RetrievalError::Exhausted { attempts: 3, .. })));
}

#[test]
fn refusals_are_final() {
    type Check = fn(&RetrievalError) -> bool;
    let table: [(&str, Check); 4] = [
        ("404 Not Found", |e| matches!(e, RetrievalError::NotFound { .. })),
        ("403 Forbidden", |e| matches!(e, RetrievalError::Forbidden { .. })),
        ("401 Unauthorized", |e| matches!(e, RetrievalError::Unauthorized { .. })),
        ("418 Teapot", |e| matches!(e, RetrievalError::Status { status: 418, .. })),
    ];
    for (status, check) in table {
        match fetch(&[Reply::Status(status)], None).0 {
            Err(Error::Retrieval(error)) => assert!(check(&error), "{status}: {error}"),
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[test]
fn sizes_are_limited_announced_or_not() {
    for reply in [Reply::Whole, Reply::Endless] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&[reply]);
        let error =
            downloader(folder.path()).max_bytes(8).fetch(&server.address, None).unwrap_err();
        assert!(matches!(error, Error::Retrieval(RetrievalError::TooLarge { limit: 8, .. })));
    }
}

#[test]
fn without_a_network_the_error_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = Address::parse(&format!("http://127.0.0.1:{port}/a.pth")).unwrap();
    let downloader = downloader(folder.path());
    let error = downloader.fetch(&address, None).unwrap_err().to_string();
    assert!(error.contains("cannot reach 127.0.0.1"), "{error}");
    let error = downloader.clone().offline(true).fetch(&address, None).unwrap_err().to_string();
    assert!(error.contains("OFFLINE_MODE is on"), "{error}");
    let error = downloader.allow_http(false).fetch(&address, None).unwrap_err().to_string();
    assert!(error.contains("not encrypted"), "{error}");
}

#[test]
fn a_second_process_waits_for_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::parse("http://127.0.0.1:1/a.pth").unwrap();
    let downloader = downloader(folder.path()).lock_timeout(Duration::from_millis(1));
    let path = downloader.cache.path_of(&address);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _held = lock::acquire(&beside(&path, "lock"), Duration::ZERO, &()).unwrap();
    let error = downloader.fetch(&address, None).unwrap_err();
    assert!(matches!(error, Error::Retrieval(RetrievalError::Locked { .. })), "{error}");
}

/// Answers `count` requests by their paths.
fn serve(listener: TcpListener, count: usize, files: Vec<(String, Vec<u8>)>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for _ in 0..count {
            let mut stream = accept(&listener);
            let head = read_head(&stream);
            let path = head.split(' ').nth(1).unwrap();
            let body = files.iter().find(|(name, _)| name == path).map(|(_, body)| body);
            let (status, body) = body.map_or(("404 No", &[][..]), |body| ("200 OK", body));
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body).unwrap();
        }
    })
}

#[test]
fn a_repository_is_fetched_whole_and_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let repository = Repository::at(&endpoint, "owner/net@v1").unwrap();
    let listing = r#"{"sha": "abc", "siblings": [{"rfilename": "config.json"},
        {"rfilename": "model.safetensors"}, {"rfilename": "big.msgpack"}]}"#;
    let file = |path: &str, body: &[u8]| (path.to_owned(), body.to_vec());
    let files = vec![
        file("/api/models/owner/net/revision/v1", listing.as_bytes()),
        file("/owner/net/resolve/abc/config.json", b"{}"),
        file("/owner/net/resolve/abc/model.safetensors", BODY),
    ];
    let server = serve(listener, files.len(), files);
    let folder = tempfile::tempdir().unwrap();
    let downloader = downloader(folder.path());
    let fetch = |downloader: &Downloader| {
        repository.snapshot(&mut |address| downloader.fetch(address, None))
    };
    let snapshot = fetch(&downloader).unwrap();
    server.join().unwrap();
    assert_eq!(std::fs::read(snapshot.join("config.json")).unwrap(), b"{}");
    assert_eq!(std::fs::read(snapshot.join("model.safetensors")).unwrap(), BODY);
    assert_eq!(fetch(&downloader.offline(true)).unwrap(), snapshot);
}
