// JSON says what the sync messages say, under the same names: those of onering.capnp.
#include <set>
#include <string>

#include <capnp/schema.h>
#include <catch2/catch_test_macros.hpp>

#include "api/fields.h"
#include "api/json-out.h"
#include "onering.capnp.h"

namespace onering::testing {

namespace {

using server::fieldNames;
using Names = std::set<std::string>;

template <typename T>
Names ours() {
  const auto names = fieldNames<T>();
  return {names.begin(), names.end()};
}

Names namesOf(capnp::StructSchema schema) {
  Names names;
  for (const auto field : schema.getFields()) {
    names.emplace(field.getProto().getName().cStr());
  }
  return names;
}

template <typename Message>
Names theirs() {
  return namesOf(capnp::Schema::from<Message>());
}

// Of what an op of this name says.
Names ofOp(const char* name) {
  const auto field = capnp::Schema::from<schema::Op>().getFieldByName(name);
  return field.getProto().isGroup() ? namesOf(field.getType().asStruct()) : Names{};
}

Names without(Names names, const Names& others) {
  for (const std::string& other : others) {
    CHECK(names.erase(other) == 1);
  }
  return names;
}

Names enumerators(capnp::EnumSchema schema) {
  Names names;
  for (const auto each : schema.getEnumerants()) {
    names.emplace(each.getProto().getName().cStr());
  }
  return names;
}

}  // namespace

TEST_CASE("ops have the schema's field names in JSON", "[http][schema]") {
  CHECK(ours<CreateDraft>() == ofOp("createDraft"));
  CHECK(ours<PassRing>() == ofOp("passRing"));
  CHECK(ours<RequestRing>() == ofOp("requestRing"));
  CHECK(ours<CancelRequest>() == ofOp("cancelRequest"));
  CHECK(ours<ReclaimRing>() == ofOp("reclaimRing"));
  CHECK(ours<SetTitle>() == ofOp("setTitle"));
  CHECK(ours<Lock>() == ofOp("lock"));
  CHECK(ours<Unlock>() == ofOp("unlock"));
  CHECK(ours<Complete>() == ofOp("complete"));
  CHECK(ours<AddCollaborator>() == ofOp("addCollaborator"));
  CHECK(ours<SetRole>() == ofOp("setRole"));
  CHECK(ours<RemoveCollaborator>() == ofOp("removeCollaborator"));
  CHECK(ours<DeleteDraft>() == ofOp("deleteDraft"));
  CHECK(ours<RestoreDraft>() == ofOp("restoreDraft"));
  CHECK(ours<RedactSegment>() == ofOp("redactSegment"));
  CHECK(ours<CreateInvite>() == ofOp("createInvite"));
  CHECK(ours<RevokeInvite>() == ofOp("revokeInvite"));
  CHECK(without(ours<AcceptInvite>(), {"token"}) == without(ofOp("acceptInvite"), {"tokenHash"}));
  // The digest is the authority's to compute; the text stands beside the op in a push.
  CHECK(theirs<schema::PushedOp>().contains("text"));
  CHECK(without(ours<AppendSegment>(), {"text"}) == without(ofOp("appendSegment"), {"digest"}));
}

TEST_CASE("what is read has the schema's field names in JSON", "[http][schema]") {
  // A snapshot's part says id and position; `present` is the other case of `deletedAt`.
  CHECK(without(ours<DraftState>(), {"id", "seq", "etag"}) == without(theirs<schema::DraftState>(), {"present"}));
  const auto ring = capnp::Schema::from<schema::DraftState>().getFieldByName("ring").getType().asStruct();
  CHECK(ours<Ring>() == namesOf(ring));
  CHECK(ours<RingRequest>() == theirs<schema::RingRequest>());
  CHECK(ours<RingPass>() == theirs<schema::Pass>());
  CHECK(ours<Member>() == theirs<schema::Member>());
  CHECK(ours<Invite>() == without(theirs<schema::Invite>(), {"tokenHash"}));
}

TEST_CASE("enumerators have the schema's names in JSON", "[http][schema]") {
  using server::nameOf;
  CHECK(Names{std::string(nameOf(Role::viewer)), std::string(nameOf(Role::editor)), std::string(nameOf(Role::owner))} ==
        enumerators(capnp::Schema::from<schema::Role>()));
  CHECK(Names{std::string(nameOf(DraftStatus::active)), std::string(nameOf(DraftStatus::locked)),
              std::string(nameOf(DraftStatus::completed))} == enumerators(capnp::Schema::from<schema::DraftStatus>()));
  CHECK(Names{std::string(nameOf(PassKind::created)), std::string(nameOf(PassKind::passed)),
              std::string(nameOf(PassKind::reclaimed)),
              std::string(nameOf(PassKind::removed))} == enumerators(capnp::Schema::from<schema::PassKind>()));
}

}  // namespace onering::testing
