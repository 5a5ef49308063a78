// SPDX-License-Identifier: Apache-2.0
//! A small vhost-user-net back-end of rust-vmm's crates: one queue pair that returns each frame with source and destination address
//! swapped. Messages, ring addresses, the memory map and the dirty log are the crates'. Usage: rust-vmm-back-end SOCKET

use std::fmt::{Debug, Display};
use std::io::{self, Read, Write};
use std::os::fd::{FromRawFd, IntoRawFd};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};

use vhost::vhost_user::{Error as Gone, Listener, VhostUserProtocolFeatures, VhostUserVirtioFeatures};
use vhost_user_backend::bitmap::BitmapMmapRegion;
use vhost_user_backend::{Error as Ended, VhostUserBackendMut, VhostUserDaemon, VringRwLock, VringT};
use virtio_bindings::virtio_config::VIRTIO_F_VERSION_1;
use virtio_bindings::virtio_ring::{VIRTIO_RING_F_EVENT_IDX, VIRTIO_RING_F_INDIRECT_DESC};
use virtio_queue::{DescriptorChain, QueueOwnedT, QueueT, Reader, Writer};
use vm_memory::{GuestAddressSpace, GuestMemoryAtomic, GuestMemoryLoadGuard, GuestMemoryMmap};
use vmm_sys_util::epoll::EventSet;
use vmm_sys_util::eventfd::{EventFd, EFD_NONBLOCK};

type GuestMemory = GuestMemoryMmap<BitmapMmapRegion>;
type Chain = DescriptorChain<GuestMemoryLoadGuard<GuestMemory>>;
type Ring = VringRwLock<GuestMemoryAtomic<GuestMemory>>;

const RX: usize = 0;
const TX: usize = 1;
const RINGS: usize = 2;
const MAX_RING_SIZE: usize = 1024;
const LEGACY_HEADER: usize = 10;
const HEADER: usize = 12;
const NUM_BUFFERS: usize = 10;
const ETHERNET: usize = 14;
const MAX_FRAME: usize = 65550;

fn failed<E: Debug>(e: E) -> io::Error {
    io::Error::new(io::ErrorKind::Other, format!("{e:?}"))
}

fn warn(what: impl Display) {
    eprintln!("rust-vmm-back-end: {what}");
}

/// The device of one connection.
struct Echo {
    memory: GuestMemoryAtomic<GuestMemory>,
    exit: EventFd,
    header: usize,
    bytes: Vec<u8>,
}

impl Echo {
    fn new(memory: GuestMemoryAtomic<GuestMemory>) -> io::Result<Echo> {
        Ok(Echo { memory, exit: EventFd::new(EFD_NONBLOCK)?, header: HEADER, bytes: Vec::with_capacity(MAX_FRAME) })
    }

    /// The next buffer that the driver has made available, if the ring runs.
    fn take(&self, ring: &Ring) -> io::Result<Option<Chain>> {
        let mut state = ring.get_mut();
        let queue = state.get_queue_mut();
        if !queue.ready() {
            return Ok(None);
        }
        Ok(queue.iter(self.memory.memory()).map_err(failed)?.next())
    }

    /// Reads the frame of a transmit buffer into `bytes`, behind an empty header. False if it is no frame.
    fn read(&mut self, chain: Chain) -> io::Result<bool> {
        let memory = self.memory.memory();
        let mut reader: Reader<BitmapMmapRegion> = Reader::new(&*memory, chain).map_err(failed)?;
        let length = reader.available_bytes();
        if length < self.header + ETHERNET || length > self.header + MAX_FRAME {
            return Ok(false);
        }
        self.bytes.resize(length, 0);
        reader.read_exact(&mut self.bytes)?;
        let (header, frame) = self.bytes.split_at_mut(self.header);
        header.fill(0);
        if let Some(number) = header.get_mut(NUM_BUFFERS) {
            *number = 1;
        }
        let (to, from) = frame.split_at_mut(6);
        to.swap_with_slice(&mut from[..6]);
        Ok(true)
    }

    /// Writes the frame to a receive buffer. It is lost if there is none, or if it does not fit.
    fn write(&self, ring: &Ring) -> io::Result<()> {
        let Some(chain) = self.take(ring)? else {
            return Ok(());
        };
        let memory = self.memory.memory();
        let head = chain.head_index();
        let mut written = 0;
        let writer: Result<Writer<BitmapMmapRegion>, _> = Writer::new(&*memory, chain);
        match writer {
            Ok(writer) if writer.available_bytes() < self.bytes.len() => {
                ring.get_mut().get_queue_mut().go_to_previous_position();
                return Ok(());
            }
            Ok(mut writer) => {
                writer.write_all(&self.bytes)?;
                written = self.bytes.len() as u32;
            }
            Err(e) => warn(format_args!("receive buffer {head}: {e}")),
        }
        ring.add_used(head, written).map_err(failed)
    }

    fn signal(ring: &Ring) -> io::Result<()> {
        if ring.needs_notification().map_err(failed)? {
            ring.signal_used_queue()?;
        }
        Ok(())
    }

    /// Returns all frames that are available.
    fn forward(&mut self, rx: &Ring, tx: &Ring) -> io::Result<()> {
        loop {
            tx.disable_notification().map_err(failed)?;
            while let Some(chain) = self.take(tx)? {
                let head = chain.head_index();
                match self.read(chain) {
                    Ok(true) => self.write(rx)?,
                    Ok(false) => {}
                    Err(e) => warn(format_args!("transmit buffer {head}: {e}")),
                }
                tx.add_used(head, 0).map_err(failed)?;
            }
            Self::signal(rx)?;
            Self::signal(tx)?;
            // A ring that was stopped in the meantime may still have available buffers; its driver must notify after the next start.
            let more = tx.enable_notification().map_err(failed)?;
            if !more || !tx.get_ref().get_queue().ready() {
                return Ok(());
            }
        }
    }
}

impl VhostUserBackendMut for Echo {
    type Bitmap = BitmapMmapRegion;
    type Vring = Ring;

    fn num_queues(&self) -> usize {
        RINGS
    }

    fn max_queue_size(&self) -> usize {
        MAX_RING_SIZE
    }

    fn features(&self) -> u64 {
        1 << VIRTIO_F_VERSION_1
            | 1 << VIRTIO_RING_F_EVENT_IDX
            | 1 << VIRTIO_RING_F_INDIRECT_DESC
            | VhostUserVirtioFeatures::LOG_ALL.bits()
            | VhostUserVirtioFeatures::PROTOCOL_FEATURES.bits()
    }

    fn acked_features(&mut self, features: u64) {
        self.header = if features >> VIRTIO_F_VERSION_1 & 1 == 1 { HEADER } else { LEGACY_HEADER };
    }

    fn protocol_features(&self) -> VhostUserProtocolFeatures {
        VhostUserProtocolFeatures::MQ
            | VhostUserProtocolFeatures::LOG_SHMFD
            | VhostUserProtocolFeatures::REPLY_ACK
            | VhostUserProtocolFeatures::RESET_DEVICE
            | VhostUserProtocolFeatures::CONFIGURE_MEM_SLOTS
    }

    fn set_event_idx(&mut self, _enabled: bool) {
        // The crate has set it in the rings.
    }

    fn update_memory(&mut self, memory: GuestMemoryAtomic<GuestMemory>) -> io::Result<()> {
        self.memory = memory;
        Ok(())
    }

    fn exit_event(&self, _thread: usize) -> Option<EventFd> {
        self.exit.try_clone().ok()
    }

    fn handle_event(&mut self, event: u16, _events: EventSet, rings: &[Ring], _thread: usize) -> io::Result<()> {
        let result = match usize::from(event) {
            // Receive buffers are taken when there are frames.
            RX => Ok(()),
            _ => self.forward(&rings[RX], &rings[TX]),
        };
        // An error returned here would end the crate's thread; this connection can still replace the rings.
        result.unwrap_or_else(|e| warn(e));
        Ok(())
    }
}

/// Serves one connection, until it ends.
fn serve(listener: &UnixListener) -> io::Result<()> {
    let memory = GuestMemoryAtomic::new(GuestMemory::new());
    let echo = Arc::new(Mutex::new(Echo::new(memory.clone())?));
    let mut daemon = VhostUserDaemon::new("vhost-user".to_string(), echo, memory).map_err(failed)?;
    // SAFETY: the descriptor is new and has no other owner.
    let accepting = unsafe { Listener::from_raw_fd(listener.try_clone()?.into_raw_fd()) };
    daemon.start(accepting).map_err(failed)?;
    match daemon.wait() {
        Ok(()) | Err(Ended::HandleRequest(Gone::Disconnected | Gone::PartialMessage)) => {}
        Err(e) => warn(e),
    }
    Ok(())
}

fn main() {
    let Some(socket) = std::env::args().nth(1) else {
        eprintln!("usage: rust-vmm-back-end SOCKET");
        std::process::exit(2);
    };
    let _ = std::fs::remove_file(&socket);
    let served: io::Result<()> = UnixListener::bind(&socket).and_then(|listener| loop {
        serve(&listener)?;
    });
    if let Err(e) = served {
        warn(e);
        std::process::exit(1);
    }
}
