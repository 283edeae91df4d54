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
  /** Of all bytes, what one sender may hold; 0 to 1. */
  readonly shareOfSender: number;
}

/**
 * Bounds what is read and waits for its commit, so that memory stays bounded when the disk is slow or many bodies come at once. Who
 * finds no place is refused at once: a sender that waits would only make it worse. A first delivery is always let in, however large.
 */
export function createAdmission({ mostDeliveries, mostBytes, shareOfSender }: AdmissionLimits): Admission {
  let deliveries = 0;
  let heldBytes = 0;
  const bySender = new Map<string, number>();
  return {
    enter(bytes, sender) {
      const ofSender = bySender.get(sender) ?? 0;
      const isFull =
        deliveries >= mostDeliveries ||
        (heldBytes > 0 && heldBytes + bytes > mostBytes) ||
        (ofSender > 0 && ofSender + bytes > mostBytes * shareOfSender);
      if (isFull) {
        return null;
      }
      deliveries += 1;
      heldBytes += bytes;
      bySender.set(sender, ofSender + bytes);
      let isIn = true;
      return () => {
        if (isIn) {
          isIn = false;
          deliveries -= 1;
          heldBytes -= bytes;
          giveBack(bySender, sender, bytes);
        }
      };
    },
  };
}

function giveBack(bySender: Map<string, number>, sender: string, bytes: number): void {
  const left = (bySender.get(sender) ?? 0) - bytes;
  if (left > 0) {
    bySender.set(sender, left);
  } else {
    bySender.delete(sender);
  }
}
