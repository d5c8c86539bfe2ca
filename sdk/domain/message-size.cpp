#include "onering/domain/message-size.h"

namespace onering {

namespace {

// Sizes of structs in onering.capnp, data words and pointers. The tests of sdk/wire hold them against it.
constexpr std::size_t kWord = 8;
constexpr std::size_t kOp = (17 + 3) * kWord;
constexpr std::size_t kPushedOp = (2 + 2) * kWord;
constexpr std::size_t kEntry = (3 + 3) * kWord;
constexpr std::size_t kOpReceipt = (11 + 1) * kWord;
constexpr std::size_t kRejection = (1 + 1) * kWord;
constexpr std::size_t kDraftPosition = 7 * kWord;
constexpr std::size_t kId = 2 * kWord;
constexpr std::size_t kDraftState = (7 + 7) * kWord;
constexpr std::size_t kListTag = kWord;
constexpr std::size_t kRingRequest = (1 + 1) * kWord;
constexpr std::size_t kMember = (2 + 1) * kWord;
constexpr std::size_t kInvite = (10 + 3) * kWord;
constexpr std::size_t kPerson = (1 + 2) * kWord;
constexpr std::size_t kPass = 4 * kWord;
// A segment's id; its size and two places among the names; epoch, seq and two times.
constexpr std::size_t kSegmentColumns = 16 + 3 * 5 + 4 * 10;

// A text with the NUL behind it, up to the next word; nothing for an empty one.
std::size_t ofText(std::string_view text) {
  return text.empty() ? 0 : (text.size() + kWord) / kWord * kWord;
}

std::size_t ofName(std::string_view name) {
  return kWord + ofText(name);
}

struct BodyTexts {
  std::size_t operator()(const CreateDraft& body) const { return ofText(body.title) + ofText(body.platform); }
  std::size_t operator()(const AppendSegment& body) const { return ofText(body.content.text); }
  std::size_t operator()(const PassRing& body) const { return ofText(body.to); }
  std::size_t operator()(const SetTitle& body) const { return ofText(body.title) + ofText(body.expect); }
  std::size_t operator()(const AddCollaborator& body) const { return ofText(body.user); }
  std::size_t operator()(const SetRole& body) const { return ofText(body.user); }
  std::size_t operator()(const RemoveCollaborator& body) const { return ofText(body.user); }
  std::size_t operator()(const CreateInvite& body) const { return ofText(body.user); }
  template <typename WithoutText>
  std::size_t operator()(const WithoutText& /*body*/) const {
    return 0;
  }
};

std::size_t withTexts(const Op& op) {
  return kOp + ofText(op.actor) + std::visit(BodyTexts{}, op.body);
}

}  // namespace

std::size_t wireSizeMax(const Op& op) {
  return kPushedOp + withTexts(op);
}

std::size_t wireSizeMax(const LogEntry& entry) {
  return kEntry + withTexts(entry.op) + ofText(entry.actorDisplay);
}

std::size_t wireSizeMax(const OpReceipt& receipt) {
  const auto* rejected = std::get_if<Rejection>(&receipt.receipt);
  return kOpReceipt + (rejected != nullptr ? kRejection + ofText(rejected->message) : 0);
}

std::size_t wireSizeMax(const DraftPosition& /*position*/) {
  return kDraftPosition;
}

std::size_t wireSizeMax(const DraftId& /*id*/) {
  return kId;
}

std::size_t wireSizeMax(const DraftState& state) {
  std::size_t size = kDraftState + 3 * kListTag + ofText(state.title) + ofText(state.platform) + ofText(state.owner) +
                     ofText(state.ring.holder);
  for (const RingRequest& request : state.ring.requests) size += kRingRequest + ofText(request.user);
  for (const Member& member : state.members) size += kMember + ofText(member.user);
  for (const Invite& invite : state.invites) {
    size += kInvite + ofText(invite.createdBy) + ofText(invite.user) + ofText(invite.acceptedBy);
  }
  return size;
}

std::size_t wireSizeMax(const Person& person) {
  return kPerson + ofText(person.user) + ofText(person.display);
}

std::size_t wireSizeMax(const RingPass& pass) {
  return kPass + ofName(pass.to) + (pass.from ? ofName(*pass.from) : 0);
}

std::size_t wireSizeMax(const Segment& segment) {
  return kSegmentColumns + segment.content.text.size() + ofName(segment.author) + ofName(segment.authorDisplay);
}

}  // namespace onering
