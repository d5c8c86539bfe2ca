#include "wire-op.h"

namespace onering::testing {

namespace {

std::uint64_t word(const Digest& digest, std::size_t index) {
  return OpId{{digest[8 * index], digest[8 * index + 1], digest[8 * index + 2], digest[8 * index + 3],
               digest[8 * index + 4], digest[8 * index + 5], digest[8 * index + 6], digest[8 * index + 7]}}
      .hi();
}

struct Filler {
  schema::Op::Builder op;

  void operator()(const CreateDraft& body) {
    auto own = op.initCreateDraft();
    own.setHoldLimitMs(static_cast<std::uint64_t>(body.holdLimit.count()));
    if (!body.platform.empty()) own.setPlatform(body.platform.c_str());
    if (!body.title.empty()) own.setTitle(body.title.c_str());
  }
  void operator()(const AppendSegment& body) {
    auto own = op.initAppendSegment();
    own.getSegment().setHi(body.segment.hi());
    own.getSegment().setLo(body.segment.lo());
    own.setEpoch(body.epoch);
    own.getDigest().setA(word(body.content.digest, 0));
    own.getDigest().setB(word(body.content.digest, 1));
    own.getDigest().setC(word(body.content.digest, 2));
    own.getDigest().setD(word(body.content.digest, 3));
  }
  void operator()(const PassRing& body) {
    auto own = op.initPassRing();
    if (!body.to.empty()) own.setTo(body.to.c_str());
    own.setEpoch(body.epoch);
  }
  void operator()(const RequestRing& /*body*/) { op.setRequestRing(); }
  void operator()(const CancelRequest& /*body*/) { op.setCancelRequest(); }
  void operator()(const ReclaimRing& body) { op.initReclaimRing().setEpoch(body.epoch); }
  void operator()(const SetTitle& body) {
    auto own = op.initSetTitle();
    if (!body.title.empty()) own.setTitle(body.title.c_str());
    if (!body.expect.empty()) own.setExpect(body.expect.c_str());
  }
  void operator()(const Lock& /*body*/) { op.setLock(); }
  void operator()(const Unlock& /*body*/) { op.setUnlock(); }
  void operator()(const Complete& /*body*/) { op.setComplete(); }
  void operator()(const AddCollaborator& body) { fillMember(op.initAddCollaborator(), body.user, body.role); }
  void operator()(const SetRole& body) { fillMember(op.initSetRole(), body.user, body.role); }
  void operator()(const RemoveCollaborator& body) {
    auto own = op.initRemoveCollaborator();
    if (!body.user.empty()) own.setUser(body.user.c_str());
  }
  void operator()(const DeleteDraft& /*body*/) { op.setDeleteDraft(); }
  void operator()(const RestoreDraft& /*body*/) { op.setRestoreDraft(); }
  void operator()(const RedactSegment& body) {
    op.initRedactSegment().getSegment().setHi(body.segment.hi());
    op.getRedactSegment().getSegment().setLo(body.segment.lo());
  }

  void operator()(const CreateInvite& body) {
    auto own = op.initCreateInvite();
    fillInvite(own, body);
    own.setLifetimeMs(static_cast<std::uint32_t>(body.lifetime.count()));
    own.setRole(static_cast<schema::Role>(body.role));
    if (!body.user.empty()) own.setUser(body.user.c_str());
  }
  void operator()(const RevokeInvite& body) {
    op.initRevokeInvite().getInvite().setHi(body.invite.hi());
    op.getRevokeInvite().getInvite().setLo(body.invite.lo());
  }
  void operator()(const AcceptInvite& body) { fillInvite(op.initAcceptInvite(), body); }

  template <typename Own, typename Body>
  static void fillInvite(Own own, const Body& body) {
    own.getInvite().setHi(body.invite.hi());
    own.getInvite().setLo(body.invite.lo());
    own.getTokenHash().setA(word(body.tokenHash, 0));
    own.getTokenHash().setB(word(body.tokenHash, 1));
    own.getTokenHash().setC(word(body.tokenHash, 2));
    own.getTokenHash().setD(word(body.tokenHash, 3));
  }

  template <typename Own>
  static void fillMember(Own own, const UserId& user, Role role) {
    constexpr std::array kRoles{schema::Role::VIEWER, schema::Role::EDITOR, schema::Role::OWNER};
    if (!user.empty()) own.setUser(user.c_str());
    own.setRole(kRoles.at(static_cast<std::size_t>(role)));
  }
};

}  // namespace

void fill(schema::Op::Builder builder, const Op& op, const Stamp& stamp) {
  std::visit(Filler{builder}, op.body);
  if (!op.actor.empty()) builder.setActor(op.actor.c_str());
  builder.getDevice().setHi(op.device.hi());
  builder.getDevice().setLo(op.device.lo());
  builder.getDraft().setHi(op.draft.hi());
  builder.getDraft().setLo(op.draft.lo());
  builder.getId().setHi(op.id.hi());
  builder.getId().setLo(op.id.lo());
  builder.setAuthoredAt(toMs(op.authoredAt));
  builder.setSeq(stamp.seq);
  builder.setAcceptedAt(toMs(stamp.acceptedAt));
  builder.setRulesVersion(stamp.rulesVersion);
}

}  // namespace onering::testing
