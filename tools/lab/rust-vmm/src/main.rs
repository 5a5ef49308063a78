// SPDX-License-Identifier: Apache-2.0
//! A vhost-user front-end of rust-vmm's crate, with the requests in cloud-hypervisor's order: it passes frames through a back-end
//! that returns them, and compares them. Usage: rust-vmm-front-end SOCKET [--swapped] [--config]

mod memory;
mod ring;

use std::fmt::Display;

use memory::Region;
use ring::{Ring, BUFFER, SIZE};
use vhost::vhost_user::message::{VhostUserConfigFlags, VhostUserHeaderFlag, VhostUserInflight};
use vhost::vhost_user::{Frontend, VhostUserFrontend, VhostUserProtocolFeatures as Protocol};
use vhost::{VhostBackend, VhostUserDirtyLogRegion, VringConfigData};

const MRG_RXBUF: u64 = 1 << 15;
const LOG_ALL: u64 = 1 << 26;
const EVENT_IDX: u64 = 1 << 29;
const PROTOCOL_FEATURES: u64 = 1 << 30;
const VERSION_1: u64 = 1 << 32;
const HEADER: usize = 12;
const QUEUES: usize = 2;
const RX: usize = 0;
const TX: usize = 1;
const MIB: usize = 1 << 20;
const BATCHES: usize = 40;

type Outcome<T> = Result<T, String>;

fn say<T, E: Display>(what: &str, result: Result<T, E>) -> Outcome<T> {
    result.map_err(|e| format!("{what}: {e}"))
}

fn check(condition: bool, what: impl Into<String>) -> Outcome<()> {
    if condition {
        Ok(())
    } else {
        Err(what.into())
    }
}

/// The command line.
struct Options {
    socket: String,
    swapped: bool,
    config: bool,
}

fn options() -> Outcome<Options> {
    let mut arguments = std::env::args().skip(1);
    let socket = arguments.next().ok_or("usage: rust-vmm-front-end SOCKET [--swapped] [--config]")?;
    let mut options = Options { socket, swapped: false, config: false };
    for argument in arguments {
        match argument.as_str() {
            "--swapped" => options.swapped = true,
            "--config" => options.config = true,
            _ => return Err(format!("what is {argument}?")),
        }
    }
    Ok(options)
}

/// The offered features that this driver acknowledges. With REPLY_ACK each message gets a reply.
fn negotiate(front_end: &mut Frontend, options: &Options) -> Outcome<(u64, Protocol, bool)> {
    say("SET_OWNER", front_end.set_owner())?;
    let offered = say("GET_FEATURES", front_end.get_features())?;
    check(offered & VERSION_1 != 0, "VERSION_1 is not offered")?;
    let features = offered & (VERSION_1 | MRG_RXBUF | EVENT_IDX | PROTOCOL_FEATURES);
    let can = say("GET_PROTOCOL_FEATURES", front_end.get_protocol_features())?;
    println!("offered 0x{offered:x}, protocol features 0x{:x}", can.bits());
    let mut wanted = Protocol::REPLY_ACK
        | Protocol::CONFIGURE_MEM_SLOTS
        | Protocol::INFLIGHT_SHMFD
        | Protocol::LOG_SHMFD
        | Protocol::RESET_DEVICE;
    if options.config {
        // A back-end that owns the config space counts virtqueues, as this crate does; without CONFIG QEMU wants queue pairs.
        wanted |= Protocol::CONFIG | Protocol::MQ;
    }
    let protocol = can & wanted;
    say("SET_PROTOCOL_FEATURES", front_end.set_protocol_features(protocol))?;
    if protocol.contains(Protocol::REPLY_ACK) {
        front_end.set_hdr_flags(VhostUserHeaderFlag::NEED_REPLY);
    }
    if protocol.contains(Protocol::MQ) {
        println!("queues {}", say("GET_QUEUE_NUM", front_end.get_queue_num())?);
    }
    if protocol.contains(Protocol::CONFIGURE_MEM_SLOTS) {
        println!("memory slots {}", say("GET_MAX_MEM_SLOTS", front_end.get_max_mem_slots())?);
    }
    if protocol.contains(Protocol::CONFIG) {
        let room = [0u8; 6];
        let (_, mac) = say("GET_CONFIG", front_end.get_config(0, 6, VhostUserConfigFlags::WRITABLE, &room))?;
        println!("mac {mac:02x?}");
    }
    // A back-end that provides the config space offers no log: the guest cannot be migrated.
    let offered = say("GET_FEATURES", front_end.get_features())?;
    check(features & !offered == 0, format!("0x{:x} is offered no more", features & !offered))?;
    println!("acknowledged 0x{features:x}, protocol features 0x{:x}", protocol.bits());
    Ok((features, protocol, offered & LOG_ALL != 0))
}

/// Starts the rings at the driver's position.
fn start(front_end: &mut Frontend, region: &Region, rings: &[Ring; QUEUES], log: bool) -> Outcome<()> {
    for (index, ring) in rings.iter().enumerate() {
        say("SET_VRING_NUM", front_end.set_vring_num(index, SIZE))?;
        let addresses = VringConfigData {
            queue_max_size: SIZE,
            queue_size: SIZE,
            flags: u32::from(log),
            desc_table_addr: region.user(ring.descriptors()),
            used_ring_addr: region.user(ring.used()),
            avail_ring_addr: region.user(ring.avail()),
            log_addr: log.then(|| region.guest(ring.used())),
        };
        say("SET_VRING_ADDR", front_end.set_vring_addr(index, &addresses))?;
        say("SET_VRING_BASE", front_end.set_vring_base(index, ring.next_avail()))?;
        say("SET_VRING_CALL", front_end.set_vring_call(index, &ring.call))?;
        say("SET_VRING_KICK", front_end.set_vring_kick(index, &ring.kick))?;
        say("SET_VRING_ERR", front_end.set_vring_err(index, &ring.err))?;
    }
    for index in 0..QUEUES {
        say("SET_VRING_ENABLE", front_end.set_vring_enable(index, true))?;
    }
    Ok(())
}

/// Stops the rings when all buffers have been used; each base is then the driver's position.
fn stop(front_end: &mut Frontend, rings: &[Ring; QUEUES]) -> Outcome<()> {
    for (index, ring) in rings.iter().enumerate() {
        let base = say("GET_VRING_BASE", front_end.get_vring_base(index))?;
        check(base == u32::from(ring.next_avail()), format!("ring {index} stopped at {base}, not {}", ring.next_avail()))?;
    }
    Ok(())
}

/// A unique frame: an Ethernet header of a local experimental type, and a pattern.
fn frame(number: usize) -> Vec<u8> {
    let length = 60 + number * 131 % 1455;
    let mut bytes = vec![0x02, 0, 0, 0, 0, 0x02, 0x02, 0, 0, 0, 0, 0x01, 0x88, 0xb5];
    bytes.extend((bytes.len()..length).map(|i| (i * 7 + number * 13) as u8));
    bytes
}

fn returned(mut frame: Vec<u8>, options: &Options) -> Vec<u8> {
    if options.swapped {
        let (one, other) = frame.split_at_mut(6);
        one.swap_with_slice(&mut other[..6]);
    }
    frame
}

/// Sends batches of frames and compares what returns. Afterwards the device has no buffer.
fn pass(buffers: &Region, rings: &mut [Ring; QUEUES], options: &Options) -> Outcome<usize> {
    let [rx, tx] = rings;
    let mut frames = 0;
    for batch in 0..BATCHES {
        let count = 1 + batch * 7 % usize::from(SIZE);
        for number in 0..count as u16 {
            say("receive buffer", rx.offer(number, BUFFER, true))?;
            let bytes = frame(frames + usize::from(number));
            buffers.write(tx.buffer(number), &[0; HEADER]);
            buffers.write(tx.buffer(number) + HEADER, &bytes);
            say("transmit buffer", tx.offer(number, HEADER + bytes.len(), false))?;
        }
        say("kick", rx.kick())?;
        say("kick", tx.kick())?;
        for number in 0..count {
            say("sent frame", tx.take())?;
            let (buffer, length) = say("received frame", rx.take())?;
            let expected = returned(frame(frames + number), options);
            check(length == HEADER + expected.len(), format!("frame {} has {length} bytes", frames + number))?;
            let came = buffers.read(rx.buffer(buffer) + HEADER, expected.len());
            check(came == expected, format!("frame {} is damaged", frames + number))?;
        }
        frames += count;
    }
    Ok(frames)
}

/// As in a migration, the back-end logs the pages that it writes.
fn pass_logged(front_end: &mut Frontend, features: u64, region: &Region, buffers: &Region, rings: &mut [Ring; QUEUES], options: &Options) -> Outcome<()> {
    let log = say("log", Region::new(0, MIB))?;
    let info = log.info();
    let area = VhostUserDirtyLogRegion { mmap_size: info.memory_size, mmap_offset: 0, mmap_handle: info.mmap_handle };
    say("SET_LOG_BASE", front_end.set_log_base(0, Some(area)))?;
    say("SET_FEATURES with LOG_ALL", front_end.set_features(features | LOG_ALL))?;
    start(front_end, region, rings, true)?;
    let frames = pass(buffers, rings, options)?;
    stop(front_end, rings)?;
    let logged = |address: u64| log.load::<u8>((address >> 15) as usize) >> (address >> 12 & 7) & 1 == 1;
    for number in 0..SIZE {
        let address = buffers.guest(rings[RX].buffer(number));
        check(logged(address), format!("the page of receive buffer {number}, at 0x{address:x}, is not in the log"))?;
    }
    for ring in rings.iter() {
        check(logged(region.guest(ring.used())), "the used ring's page is not in the log")?;
    }
    check(!logged(buffers.guest(rings[TX].buffer(0))), "a page is in the log that only the driver wrote")?;
    say("SET_FEATURES without LOG_ALL", front_end.set_features(features))?;
    println!("{frames} frames logged");
    Ok(())
}

fn run() -> Outcome<()> {
    let options = options()?;
    let mut front_end = say("connect", Frontend::connect(&options.socket, QUEUES as u64))?;
    let (features, protocol, can_log) = negotiate(&mut front_end, &options)?;
    let region = say("memory", Region::new(0, MIB))?;
    let buffers = say("memory", Region::new(4 * MIB as u64, MIB))?;
    for round in 0..2 {
        say("SET_FEATURES", front_end.set_features(features))?;
        if protocol.contains(Protocol::CONFIGURE_MEM_SLOTS) {
            say("SET_MEM_TABLE", front_end.set_mem_table(&[region.info()]))?;
            say("ADD_MEM_REG", front_end.add_mem_region(&buffers.info()))?;
        } else {
            say("SET_MEM_TABLE", front_end.set_mem_table(&[region.info(), buffers.info()]))?;
        }
        if protocol.contains(Protocol::INFLIGHT_SHMFD) {
            let want = VhostUserInflight { mmap_size: 0, mmap_offset: 0, num_queues: QUEUES as u16, queue_size: SIZE };
            let (got, file) = say("GET_INFLIGHT_FD", front_end.get_inflight_fd(&want))?;
            use std::os::fd::AsRawFd;
            say("SET_INFLIGHT_FD", front_end.set_inflight_fd(&got, file.as_raw_fd()))?;
        }
        let mut rings = [
            say("ring", Ring::new(&region, &buffers, RX))?,
            say("ring", Ring::new(&region, &buffers, TX))?,
        ];
        let mut frames = 0;
        for _ in 0..2 {
            start(&mut front_end, &region, &rings, false)?;
            frames += pass(&buffers, &mut rings, &options)?;
            stop(&mut front_end, &rings)?;
        }
        println!("round {round}: {frames} frames");
        if can_log && protocol.contains(Protocol::LOG_SHMFD) {
            pass_logged(&mut front_end, features, &region, &buffers, &mut rings, &options)?;
        }
        if protocol.contains(Protocol::CONFIGURE_MEM_SLOTS) {
            say("REM_MEM_REG", front_end.remove_mem_region(&buffers.info()))?;
        }
        if protocol.contains(Protocol::RESET_DEVICE) {
            say("RESET_DEVICE", front_end.reset_device())?;
        }
    }
    Ok(())
}

fn main() {
    match run() {
        Ok(()) => println!("passed"),
        Err(problem) => {
            eprintln!("rust-vmm-front-end: {problem}");
            std::process::exit(1);
        }
    }
}
