// What people had to do for a draft to become what is written down: its ops, in order.
//
// Everything about them comes from the draft itself, nothing from a clock or from entropy, so that the same line
// gives the same ops wherever and however often it is played in:
//
//   draft     from its title, its first author and the time of their turn
//   op, segment, salt
//             from the draft's id and the place in it: turn 3, segment 2
//   device    from the author
//   times     the turn's, or that of the turn before if that is later
//
// A draft that has grown since it was played in first therefore keeps the ids of what there was. Salts that can be
// computed hide nothing: this is for texts that are no secret.
#pragma once

#include <vector>

#include "onering/play/written-draft.h"

namespace onering::play {

// createDraft, then addCollaborator for every other author, both by the first author and at the time of their turn;
// then turn by turn passRing, by who holds the ring and at the time of the turn to come, where the author changes,
// and appendSegment for each segment. All texts are sealed.
[[nodiscard]] std::vector<Op> opsOf(const WrittenDraft& draft);

// The same, but for the digests of the texts: sealTexts() adds them.
[[nodiscard]] std::vector<Op> unsealedOpsOf(const WrittenDraft& draft);
void sealTexts(std::vector<Op>& ops);

}  // namespace onering::play
