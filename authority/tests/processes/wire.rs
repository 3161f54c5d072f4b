//! A line between two processes, that can be held up, and led to another one.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::Duration;

/// How soon it is seen that the line was held up.
const LOOK: Duration = Duration::from_millis(5);

#[derive(Clone)]
pub(crate) struct Wire(Arc<Inner>);

struct Inner {
    address: SocketAddr,
    target: Mutex<SocketAddr>,
    held: AtomicBool,
}

impl Wire {
    pub(crate) fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Inner { address, target: Mutex::new(target), held: AtomicBool::new(false) };
        let wire = Self(Arc::new(inner));
        let accepting = wire.clone();
        spawn(move || {
            for from in listener.incoming().flatten() {
                let target = *accepting.0.target.lock().unwrap();
                // Nobody there: the connection ends, as it would without the wire.
                let Ok(to) = TcpStream::connect(target) else { continue };
                for (from, to) in [(from.try_clone().unwrap(), to.try_clone().unwrap()), (to, from)] {
                    let wire = accepting.clone();
                    spawn(move || wire.carry(from, to));
                }
            }
        });
        wire
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// From now on nothing gets through, and nobody is told.
    pub(crate) fn hold(&self) {
        self.0.held.store(true, Ordering::SeqCst);
    }

    /// What was held back arrives after all.
    pub(crate) fn release(&self) {
        self.0.held.store(false, Ordering::SeqCst);
    }

    /// Connections that are made from now on lead there.
    pub(crate) fn lead_to(&self, target: SocketAddr) {
        *self.0.target.lock().unwrap() = target;
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream) {
        from.set_read_timeout(Some(LOOK)).unwrap();
        let mut buffer = [0; 16 << 10];
        loop {
            let count = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
                Err(_) => break,
            };
            while self.0.held.load(Ordering::SeqCst) {
                sleep(LOOK);
            }
            if to.write_all(buffer.get(..count).unwrap_or_default()).is_err() {
                break;
            }
        }
        to.shutdown(Shutdown::Both).ok();
        from.shutdown(Shutdown::Both).ok();
    }
}
