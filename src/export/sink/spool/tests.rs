//! What is kept, given out once, and let go.

use super::*;

/// A directory for one test; removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("lockprof-spool-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn spool(&self, receiver: &str, service: &str) -> Spool {
        Spool::in_folder(self.0.clone(), receiver, service)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn request(text: &str) -> Request {
    Request {
        headers: vec![("Content-Type", format!("text/{text}"))],
        body: format!("{text}\n\n\0body: 3\n").into_bytes(),
    }
}

#[test]
fn what_is_kept_comes_back_the_oldest_first_and_once() {
    let folder = Folder::new("order");
    let spool = folder.spool("Pyroscope", "shop");
    for text in ["first", "second"] {
        assert_eq!(spool.keep(&request(text)), Ok(0));
    }
    let (first, second) = (spool.claim().unwrap(), spool.claim().unwrap());
    assert!(spool.claim().is_none(), "claimed twice");
    assert_eq!(first.body(), request("first").body);
    let headers: Vec<_> = first.headers().collect();
    assert_eq!(headers, [("Content-Type", "text/first")]);
    assert_eq!(second.body(), request("second").body);
    second.finish();
    first.give_back();
    assert_eq!(spool.claim().unwrap().body(), request("first").body);
}

#[test]
fn others_get_nothing_of_it() {
    let folder = Folder::new("others");
    assert_eq!(folder.spool("Parca", "shop").keep(&request("x")), Ok(0));
    assert!(folder.spool("Parca", "stock").claim().is_none());
    assert!(folder.spool("OTLP", "shop").claim().is_none());
    assert!(folder.spool("Parca", "shop").claim().is_some());
}

#[test]
fn the_claim_of_a_process_that_is_gone_counts_no_more() {
    let folder = Folder::new("claims");
    let mut spool = folder.spool("Parca", "shop");
    assert_eq!(spool.keep(&request("x")), Ok(0));
    let gone = spool.claim().unwrap();
    assert!(spool.claim().is_none(), "a fresh claim holds");
    spool.claim_max = Duration::ZERO;
    let next = spool.claim().unwrap();
    assert_eq!(next.body(), request("x").body);
    // Should the other one live after all, it cannot take it back.
    gone.give_back();
    assert_eq!(folder.names().len(), 1);
    next.finish();
    assert!(folder.names().is_empty());
}

#[test]
fn of_many_that_claim_at_once_each_gets_others() {
    let folder = Folder::new("race");
    let spool = folder.spool("Parca", "shop");
    for number in 0..40 {
        assert_eq!(spool.keep(&request(&number.to_string())), Ok(0));
    }
    let take_all = || {
        let mut bodies = Vec::new();
        while let Some(claim) = spool.claim() {
            bodies.push(claim.body().to_vec());
            claim.finish();
        }
        bodies
    };
    let mut bodies: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let takers: Vec<_> = (0..4).map(|_| scope.spawn(take_all)).collect();
        let taken = takers.into_iter().map(|taker| taker.join().unwrap());
        taken.flatten().collect()
    });
    assert_eq!(bodies.len(), 40);
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), 40);
}

#[test]
fn the_oldest_goes_when_there_are_too_many() {
    let folder = Folder::new("many");
    let spool = folder.spool("Parca", "shop");
    for number in 0..FILES_MAX {
        assert_eq!(spool.keep(&request(&number.to_string())), Ok(0));
    }
    assert_eq!(spool.keep(&request("last")), Ok(1));
    assert_eq!(folder.names().len(), FILES_MAX);
    assert_eq!(spool.claim().unwrap().body(), request("1").body);
}

#[test]
fn what_is_not_a_request_is_removed_and_foreign_files_stay() {
    let folder = Folder::new("odd");
    let spool = folder.spool("Parca", "shop");
    let good = spool.file_of(&request("x"));
    let mut odd: Vec<Vec<u8>> = (0..good.len()).map(|end| good[..end].to_vec()).collect();
    odd.push([good.clone(), b"more".to_vec()].concat());
    odd.push(b"\xff\xfe".to_vec());
    for (number, bytes) in odd.iter().enumerate() {
        assert!(spool.read(bytes).is_none(), "{number}");
        let name = format!("{}{number:020}-1-1.{WHOLE}", spool.prefix);
        fs::write(folder.0.join(name), bytes).unwrap();
    }
    fs::write(folder.0.join("notes.txt"), "mine").unwrap();
    assert!(spool.claim().is_none());
    assert_eq!(folder.names(), ["notes.txt"]);
}

#[test]
fn nothing_secret_and_nothing_half_written_is_on_the_disk() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("private");
    let spool = folder.spool("Parca", "shop");
    assert_eq!(spool.keep(&request("x")), Ok(0));
    let names = folder.names();
    assert!(
        names.len() == 1 && names[0].ends_with(".lockprof"),
        "{names:?}"
    );
    let mode = fs::metadata(folder.0.join(&names[0]))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let gone = folder.spool("Parca", "shop");
    fs::remove_dir_all(&folder.0).unwrap();
    let reason = gone.keep(&request("x")).unwrap_err();
    assert!(reason.contains("No such file"), "{reason}");
    assert!(gone.claim().is_none());
}
