// Writes the inputs that fuzzing begins with to FOLDER/TARGET/NAME: conversations, ops and files as they should be.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "onering/domain/canonical.h"
#include "onering/domain/event.h"
#include "onering/domain/rules.h"
#include "onering/wire/codec.h"

namespace onering::fuzz {

namespace {

const Time kNow = timeFromMs(1'700'000'000'000);

template <typename IdType>
IdType numbered(std::uint8_t number) {
  return IdType{uuidV7(kNow, std::array<std::uint8_t, 10>{number})};
}

const std::vector<OpBody> kBodies{
    CreateDraft{.title = "Notes", .platform = "web", .holdLimit = Duration{5'000}},
    AddCollaborator{.user = "ben", .role = Role::editor},
    AppendSegment{.segment = numbered<SegmentId>(90), .epoch = 1, .content = sealContent("Once", {})},
    SetTitle{.title = "A tale", .expect = {}},
    PassRing{.to = "ben", .epoch = 1},
    RequestRing{},
    CancelRequest{},
    ReclaimRing{.epoch = 2},
    Lock{},
    Unlock{},
    RedactSegment{.segment = numbered<SegmentId>(90)},
    SetRole{.user = "ben", .role = Role::viewer},
    RemoveCollaborator{.user = "ben"},
    DeleteDraft{},
    RestoreDraft{},
    CreateInvite{.invite = numbered<InviteId>(91),
                 .tokenHash = tokenHash({7}),
                 .role = Role::editor,
                 .user = {},
                 .lifetime = std::chrono::hours(72)},
    AcceptInvite{.invite = numbered<InviteId>(91), .tokenHash = tokenHash({7}), .token = InviteToken{7}},
    RevokeInvite{.invite = numbered<InviteId>(91)},
    Complete{}};

Op opOf(std::uint8_t number, OpBody body) {
  return {.id = numbered<OpId>(number),
          .draft = numbered<DraftId>(1),
          .actor = "ann",
          .device = numbered<DeviceId>(2),
          .authoredAt = kNow,
          .body = std::move(body)};
}

std::string piece(std::string_view bytes) {
  return std::string{static_cast<char>(bytes.size() & 0xFFU), static_cast<char>(bytes.size() >> 8U)} +
         std::string(bytes);
}

void write(const std::filesystem::path& folder, const std::string& name, const std::string& bytes) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / name, std::ios::binary) << bytes;
}

std::string pushed(std::uint8_t number, const OpBody& body) {
  return piece(encode(Push{.ops = {opOf(number, body)}, .restart = false}));
}

// All of a client's messages.
std::string fromReplica() {
  std::string conversation;
  std::uint8_t number = 10;
  Push push;
  for (const OpBody& body : kBodies) push.ops.push_back(opOf(number++, body));
  conversation += piece(encode(push));
  push.restart = true;
  conversation += piece(encode(push));
  return conversation + piece(encode(RefreshToken{.token = "ann"})) + piece(encode(Ping{7}));
}

// One op in a draft with one segment.
std::string fromReplica(const OpBody& body) {
  return pushed(10, kBodies[0]) + pushed(12, kBodies[2]) + pushed(30, body);
}

std::string askedByReplica() {
  return pushed(10, kBodies[0]) + piece(encode(WhatChanged{})) +
         piece(encode(Fetch{.draft = numbered<DraftId>(1), .have = {}, .snapshotAt = {}, .progress = {}})) +
         piece(encode(Present{.draft = numbered<DraftId>(1), .attention = Attention::typing}));
}

// What an authority says of a draft of five ops: each message behind those that bring a replica to hear it.
void writeFromAuthority(const std::filesystem::path& folder) {
  const auto draft = numbered<DraftId>(1);
  Entries entries{.draft = draft, .before = {}, .entries = {}, .head = {}};
  std::optional<DraftState> state;
  std::vector<Segment> segments;
  std::vector<RingPass> passes;
  for (std::uint8_t i = 0; i < 5; ++i) {
    const LogEntry entry = accept(state ? &*state : nullptr, opOf(10 + i, kBodies[i]), "@ann", kNow);
    if (!state) state.emplace();
    const Change change = apply(*state, entry);
    if (change.added) segments.push_back(*change.added);
    if (change.passed) passes.push_back(*change.passed);
    entries.entries.push_back(entry);
  }
  entries.head = state->position;
  const SnapshotPart part{.draft = draft,
                          .at = state->position,
                          .state = *state,
                          .progress = {.passes = 0,
                                       .passesEnd = static_cast<std::uint32_t>(passes.size()),
                                       .segments = 0,
                                       .segmentsEnd = static_cast<std::uint32_t>(segments.size())},
                          .passes = passes,
                          .segments = segments};
  const auto listed = [&](const DraftId& id) {
    return piece(encode(Changed{.from = {}, .drafts = {{id, state->position}}, .removed = {}, .next = {}}));
  };
  const std::string welcome =
      piece(encode(Welcome{.version = kProtocolVersion, .user = "ann", .display = {}, .limits = {}, .now = kNow}));
  const std::string known = welcome + listed(draft) + piece(encode(entries));
  write(folder, "entries", known);
  write(folder, "snapshot", welcome + listed(draft) + piece(encode(part)));
  write(folder, "catch-up", welcome + piece(encode(CatchUp{})));
  write(folder, "receipts",
        known + piece(encode(Receipts{{{draft, numbered<OpId>(9), rejection(ErrorCode::staleEpoch)}}})));
  write(folder, "diverged", known + piece(encode(Diverged{.draft = draft, .head = {}})));
  write(folder, "gone", known + piece(encode(Gone{draft})));
  write(folder, "work", welcome + piece("x") + piece("") + welcome);
}

void writeAll(const std::filesystem::path& folder) {
  write(folder / "authority", "all", fromReplica());
  write(folder / "authority", "asked", askedByReplica());
  for (const OpBody& body : kBodies) {
    write(folder / "authority", std::string(opName(body)), fromReplica(body));
  }
  writeFromAuthority(folder / "replica");
  for (std::size_t i = 0; i < kBodies.size(); ++i) {
    const Op op = opOf(10, kBodies[i]);
    write(folder / "stored-op", std::string(opName(op.body)), canonicalBytes(op, {i + 1, kNow, kRulesVersion}));
  }
  write(folder / "import", "draft",
        R"({"title":"A tale","turns":[{"author":"ann","at":"2024-05-01T12:00:00Z","segments":["Once","upon"]},)"
        R"({"author":"ben","at":"2024-05-01T12:00:01Z","segments":["a \u00e9 time"]}]})"
        "\n");
  const std::string draft = "/api/drafts/" + toText(numbered<DraftId>(1));
  const std::string number = toText(numbered<SegmentId>(90));
  const auto request = [&](const std::string& name, std::string_view method, const std::string& target,
                           std::string_view body) {
    write(folder / "http", name, piece(method) + piece(target) + piece("\"1-00\"") + piece(body) + piece("key"));
  };
  request("get", "GET", "/healthz?now=1", "");
  request("list", "GET", "/api/drafts?limit=7&after=1700000000000." + toText(numbered<DraftId>(1)), "");
  request("events", "GET",
          draft + "/events?from=2024-05-01T12:00:00.5Z&type=%61&after=1700000000000." + toText(numbered<EventId>(8)) +
              "." + toText(numbered<DraftId>(1)),
          "");
  request("create", "POST", "/api/drafts", R"({"title":"a","platform":"web","holdLimitMs":5000})");
  request("append", "POST", draft + "/segments", R"({"segment":")" + number + R"(","epoch":1,"text":"Once"})");
  request("member", "PUT", draft + "/collaborators/b%65n", R"({"user":"ben","role":"editor"})");
  request("pass", "POST", draft + "/ring/pass", R"({"to":"ben","epoch":1})");
  request("invite", "POST", draft + "/invites",
          R"({"invite":")" + number + R"(","tokenHash":")" + std::string(64, '7') +
              R"(","lifetimeMs":1000,"role":"editor","user":"ben"})");
  request("accept", "POST", draft + "/invites/" + number + "/accept",
          R"({"invite":")" + number + R"(","token":")" + std::string(32, '7') + R"("})");
  write(folder / "jwt", "token",
        "eyJhbGciOiJIUzI1NiJ9."
        "eyJzdWIiOiJhbm4iLCJpc3MiOiJpc3N1ZXIiLCJhdWQiOiJvbmVyaW5nIiwiZXhwIjoxODAwMDAwMDAwfQ."
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
  write(folder / "frames", "binary", piece(std::string("\x82\x85\x01\x02\x03\x04hello", 11)));
  write(folder / "frames", "fragments",
        piece(std::string("\x02\x81\0\0\0\0a\x80\x81\0\0\0\0b", 14)) + piece(std::string("\x89\x80\0\0\0\0", 6)));
  write(folder / "store-file", "header", std::string("\x12\0\0\x01\x02\x02", 6));
  write(folder / "store-file", "page", std::string("\0\x08\0\x03\x0d\0\x05\x01", 8));
}

}  // namespace

}  // namespace onering::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "onering-fuzz-seeds FOLDER\n";
    return 2;
  }
  onering::fuzz::writeAll(argv[1]);
}
