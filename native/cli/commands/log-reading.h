// A draft's log out of a store, and how it is written: shared by `log`, `export` and `verify`.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "onering/ports/store.h"

#include "../context.h"

namespace onering::cli {

// How much is read from a store at a time.
inline constexpr std::size_t kReadBytes = std::size_t{4} << 20U;
inline constexpr std::uint32_t kReadCount = 4'096;

// The draft that `text` names, if the store has it: notFound, idMalformed, or what the store says.
[[nodiscard]] std::expected<DraftState, Rejection> findDraft(Store& store, const std::string& text);

// How a command ends that findDraft() gave this.
[[nodiscard]] Exit exitFor(ErrorCode code);

// Gives `take` the entries up to and with `end`, in order, then says how many there were. Stops where one is missing.
[[nodiscard]] StoreResult<Seq> readEntries(Store& store, const DraftId& draft, Seq end,
                                           const std::function<void(const LogEntry&)>& take);

// The same for the segments below `end` and for the lines of the ring's history below `end`.
[[nodiscard]] StoreResult<std::uint32_t> readSegments(Store& store, const DraftId& draft, std::uint32_t end,
                                                      const std::function<void(const Segment&)>& take);
[[nodiscard]] StoreResult<std::uint32_t> readPasses(Store& store, const DraftId& draft, std::uint32_t end,
                                                    const std::function<void(const RingPass&)>& take);

// Everything of it that is hashed, in the names of the specification, and what it was accepted as.
[[nodiscard]] boost::json::object toJson(const LogEntry& entry);

// What it is in a few words: "passRing to ben, epoch 3".
[[nodiscard]] std::string inWords(const Op& op);

[[nodiscard]] std::string_view nameOf(Role role);
[[nodiscard]] std::string_view nameOf(DraftStatus status);
[[nodiscard]] std::string_view nameOf(PassKind kind);

}  // namespace onering::cli
