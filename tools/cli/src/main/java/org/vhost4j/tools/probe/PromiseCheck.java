// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.probe;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.Offer;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.MissingPolicy;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.QemuArguments;
import org.vhost4j.platform.definition.Refusal;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * Checks an offer against the promises of machines and platforms: finds the promises that this back-end can keep, and
 * what is missing for the others. Promises in addition to machine and platform, as by {@code --set}, and requirements
 * on the host's kernel are not checked.
 */
final class PromiseCheck {
    private final PlatformCatalog catalog;
    private final Resolver resolver;
    private final Offer offer;

    /**
     * Creates a check of promises.
     *
     * @param catalog the machines and platforms
     * @param offer offer of the back-end
     */
    PromiseCheck(PlatformCatalog catalog, Offer offer) {
        this.catalog = catalog;
        this.resolver = new Resolver(catalog);
        this.offer = offer;
    }

    /**
     * The result for one promise, for both ways of attaching a guest.
     *
     * @param netdev missing features behind QEMU's {@code -netdev vhost-user}, where QEMU implements a part of the
     *     device; empty when the promise can be kept
     * @param device missing features behind QEMU's generic device, where the back-end implements everything
     */
    record Verdict(List<String> netdev, List<String> device) {
        /** Copies the lists. */
        Verdict {
            netdev = List.copyOf(netdev);
            device = List.copyOf(device);
        }
    }

    /**
     * Checks a platform on a machine.
     *
     * @param machine a machine's name or alias
     * @param platform a platform's name or alias
     * @return the missing features
     * @throws UnsupportedOption when there is no such machine or platform
     */
    Verdict of(String machine, String platform) {
        Request request = new Request(
                Optional.of(machine),
                Optional.of(platform),
                Map.of(),
                MissingPolicy.REFUSE,
                EnumSet.noneOf(HostUse.class),
                DeviceCapabilities.vhost4j(1, OptionalInt.empty()),
                HostCapabilities.NOT_PROBED);
        return switch (resolver.resolve(request)) {
            case Resolution resolution -> of(resolution.offered());
            case Refusal refusal -> throw new UnsupportedOption(refusal.message());
        };
    }

    private Verdict of(FeatureSet promise) {
        List<String> netdev = new ArrayList<>(QemuArguments.requestedOfBackEnd(promise)
                .minus(offer.features())
                .names());
        List<String> device =
                new ArrayList<>(promise.minus(offer.deviceFeatures()).names());
        // A device that the back-end implements completely has its config space in the back-end.
        if (!offer.has(ProtocolFeature.CONFIG)) {
            device.add("protocol feature " + ProtocolFeature.CONFIG);
        }
        return new Verdict(netdev, device);
    }

    /**
     * Returns the newest platform that is supported on a machine.
     *
     * @param machine the machine's name
     * @param generic true for QEMU's generic device, false for its own
     * @return the platform's name; empty when none is supported
     */
    Optional<String> newest(String machine, boolean generic) {
        return catalog.platforms().stream()
                .filter(platform -> platform.deprecated().isEmpty())
                .map(PlatformDefinition::name)
                .filter(name -> {
                    Verdict verdict = of(machine, name);
                    return (generic ? verdict.device() : verdict.netdev()).isEmpty();
                })
                .findFirst();
    }
}
