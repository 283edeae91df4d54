/** A place in the receiver, held from before the body is read until the answer. */
export interface Admission {
  /**
   * @param bytes what the delivery may take in memory
   * @param sender who counts as one
   * @returns gives the place back (harmless when called twice), or null when the receiver is full
   */
  readonly enter: (bytes: number, sender: string) => (() => void) | null;
}

export interface AdmissionLimits {
  readonly mostDeliveries: number;
  readonly mostBytes: number;
  /** Of all deliveries and of all bytes, what one sender may hold; 0 to 1. */
  readonly shareOfSender: number;
}

/**
 * Bounds what is read and waits for its commit, so that memory stays bounded when the disk is slow or many bodies come at once. Who
 * finds no place is refused at once: a sender that waits would only make it worse. A first delivery is always let in, however large.
 */
export function createAdmission({ mostDeliveries, mostBytes, shareOfSender }: AdmissionLimits): Admission {
  const all: Held = { deliveries: 0, bytes: 0 };
  const bySender = new Map<string, Held>();
  const hasRoom = (held: Held, bytes: number, share: number): boolean =>
    held.deliveries < mostDeliveries * share && (held.bytes === 0 || held.bytes + bytes <= mostBytes * share);
  return {
    enter(bytes, sender) {
      const ofSender = bySender.get(sender) ?? { deliveries: 0, bytes: 0 };
      if (!hasRoom(all, bytes, 1) || !hasRoom(ofSender, bytes, shareOfSender)) {
        return null;
      }
      bySender.set(sender, ofSender);
      for (const held of [all, ofSender]) {
        held.deliveries += 1;
        held.bytes += bytes;
      }
      let isIn = true;
      return () => {
        if (isIn) {
          isIn = false;
          for (const held of [all, ofSender]) {
            held.deliveries -= 1;
            held.bytes -= bytes;
          }
          if (ofSender.deliveries === 0) {
            bySender.delete(sender);
          }
        }
      };
    },
  };
}

interface Held {
  deliveries: number;
  bytes: number;
}
