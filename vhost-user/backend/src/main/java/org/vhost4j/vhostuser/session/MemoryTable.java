// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.Request;

/**
 * The front-end's memory regions and their mappings. Each change creates a new {@link GuestMemory}. Mappings that it no longer contains are
 * first retired, because lanes still use them; {@link #closeRetired} unmaps them after the lanes have changed to the new table.
 *
 * <p>A refused change leaves the table unchanged. Received descriptors are closed in any case, because a mapping does not need them.
 */
final class MemoryTable implements AutoCloseable {
    private final RegionMapper mapper;
    private final int slots;
    private final List<RegionMapper.Mapping> retired = new ArrayList<>();
    private List<Entry> entries = List.of();

    private record Entry(MemoryRegion description, RegionMapper.Mapping mapping, GuestRegion region) {}

    MemoryTable(RegionMapper mapper, int slots) {
        this.mapper = mapper;
        this.slots = slots;
    }

    /** Executes SET_MEM_TABLE. The caller has checked that the regions do not overlap, and that there is one descriptor for each. */
    GuestMemory replace(List<MemoryRegion> regions, List<Fd> descriptors) throws ProtocolException {
        List<Entry> fresh = new ArrayList<>();
        try {
            for (int i = 0; i < regions.size(); i++) {
                fresh.add(map(Request.SET_MEM_TABLE, regions.get(i), descriptors.get(i), "memory region " + i));
            }
        } catch (ProtocolException | RuntimeException e) {
            fresh.forEach(entry -> entry.mapping.close());
            throw e;
        } finally {
            descriptors.forEach(Fd::close);
        }
        entries.forEach(entry -> retired.add(entry.mapping));
        entries = List.copyOf(fresh);
        return memory();
    }

    /** Returns the regions with the files from which they are mapped. */
    List<SessionState.Region> state() {
        return entries.stream()
                .map(entry -> new SessionState.Region(entry.description, entry.mapping.file()))
                .toList();
    }

    /** Maps the regions of a session of another process. Takes ownership of the descriptors. */
    GuestMemory restore(List<SessionState.Region> regions) throws ProtocolException {
        return replace(
                regions.stream().map(SessionState.Region::description).toList(),
                regions.stream().map(SessionState.Region::file).toList());
    }

    /** Executes ADD_MEM_REG. */
    GuestMemory add(MemoryRegion region, Fd descriptor) throws ProtocolException {
        try (descriptor) {
            if (entries.size() >= slots) {
                throw new ProtocolException(
                        Request.ADD_MEM_REG.name(),
                        "region (" + region + ") is one too many",
                        "there are " + slots + " memory slots");
            }
            for (Entry entry : entries) {
                if (region.overlaps(entry.description)) {
                    throw new ProtocolException(
                            Request.ADD_MEM_REG.name(),
                            "region (%s) overlaps region (%s)".formatted(region, entry.description),
                            "neither guest nor user addresses may overlap");
                }
            }
            List<Entry> more = new ArrayList<>(entries);
            more.add(map(Request.ADD_MEM_REG, region, descriptor, "memory region " + entries.size()));
            entries = List.copyOf(more);
            return memory();
        }
    }

    /** Executes REM_MEM_REG. */
    GuestMemory remove(MemoryRegion region) throws ProtocolException {
        List<Entry> fewer = new ArrayList<>();
        for (Entry entry : entries) {
            if (region.matches(entry.description)) {
                retired.add(entry.mapping);
            } else {
                fewer.add(entry);
            }
        }
        if (fewer.size() == entries.size()) {
            throw new ProtocolException(
                    Request.REM_MEM_REG.name(),
                    "region (" + region + ") is not in the table",
                    "guest address, user address and size must be those of a region");
        }
        entries = List.copyOf(fewer);
        return memory();
    }

    private Entry map(Request request, MemoryRegion region, Fd descriptor, String what) throws ProtocolException {
        try {
            RegionMapper.Mapping mapping = mapper.map(descriptor, region.mmapOffset(), region.size(), what);
            return new Entry(
                    region,
                    mapping,
                    new GuestRegion(region.guestAddress(), region.size(), region.userAddress(), mapping.memory()));
        } catch (RefusedException e) {
            throw new ProtocolException(request.name(), "region (" + region + ")", e.reason());
        }
    }

    private GuestMemory memory() {
        return GuestMemory.of(entries.stream().map(Entry::region).toList());
    }

    /** Unmaps the regions that the last changes removed from the table. No thread may use them any more. */
    void closeRetired() {
        retired.forEach(RegionMapper.Mapping::close);
        retired.clear();
    }

    /** Unmaps all regions. No thread may use them any more. */
    @Override
    public void close() {
        entries.forEach(entry -> retired.add(entry.mapping));
        entries = List.of();
        closeRetired();
    }
}
