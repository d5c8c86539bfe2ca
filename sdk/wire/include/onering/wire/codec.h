// Messages as bytes: what onering.capnp describes, in the standard Cap'n Proto framing, unpacked.
//
// All four functions are pure and may be called from any thread.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "onering/domain/message.h"

namespace onering {

// The name under which the WebSocket handshake knows this protocol.
inline constexpr std::string_view kSubprotocol = "onering.1";

// The message in one segment. Does not look at any limit: the sender chunks its work beforehand, by the
// sizes that domain/message-size.h promises.
//
// Some things a message cannot say, because the receiver works them out: the seqs of entries follow
// `before`, positions of segments follow `progress`, a snapshot's state is of the part's draft and position,
// and everything in a message is of its draft. A value that contradicts itself there is the caller's defect,
// and throws std::invalid_argument.
[[nodiscard]] std::string encode(const ReplicaMessage& message);
[[nodiscard]] std::string encode(const AuthorityMessage& message);

// The message that `bytes` hold. They may come from anywhere, unaligned and hostile, and need to stay only
// for the call. Refused with messageTooLarge when longer than `bytesMax`, or else with protocolError when
// they are not exactly one well-formed message; takes time and memory in proportion to their number at worst.
//
// Checked here is form: framing, tags, lengths, what must and what must not be there. Whether a text, an id or
// an operation is allowed is for the rules to say.
//
// Worked out here: digests of contents from text and salt; links of entries from `before.link`, which are
// held against the last one that the sender names. Segments of a snapshot come without salt and digest.
[[nodiscard]] std::expected<ReplicaMessage, Rejection> decodeReplicaMessage(std::string_view bytes,
                                                                            std::size_t bytesMax);
[[nodiscard]] std::expected<AuthorityMessage, Rejection> decodeAuthorityMessage(std::string_view bytes,
                                                                                std::size_t bytesMax);

}  // namespace onering
