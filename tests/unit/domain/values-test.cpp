// Ids, times, errors: the values that everything else is made of.
#include <limits>
#include <set>

#include <catch2/catch_test_macros.hpp>

#include "onering/domain/error.h"
#include "onering/domain/id.h"
#include "onering/domain/limits.h"
#include "onering/domain/op.h"

namespace onering::testing {

namespace {

constexpr std::array<std::uint8_t, 10> kOnes{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr std::array<std::uint8_t, 10> kZeros{};

std::string uuidAt(std::int64_t ms, const std::array<std::uint8_t, 10>& entropy) {
  return uuidText(uuidV7(timeFromMs(ms), entropy));
}

}  // namespace

// RFC 9562, appendix A.6 shows 017f22e2-79b0-7cc3-98c4-dc0c0c07398f for 2022-02-22 19:22:22 UTC.
TEST_CASE("a UUIDv7 is made of a time in milliseconds and 74 bits of entropy") {
  constexpr std::array<std::uint8_t, 10> kExample{0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
  CHECK(uuidAt(1'645'557'742'000, kExample) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  CHECK(uuidAt(0, kZeros) == "00000000-0000-7000-8000-000000000000");
  CHECK(uuidAt(0, kOnes) == "00000000-0000-7fff-bfff-ffffffffffff");
}

TEST_CASE("a time that a UUIDv7 cannot hold becomes the nearest that it can") {
  CHECK(uuidAt(-1, kZeros) == uuidAt(0, kZeros));
  CHECK(uuidAt((std::int64_t{1} << 48) - 1, kZeros) == "ffffffff-ffff-7000-8000-000000000000");
  CHECK(uuidAt(std::int64_t{1} << 48, kZeros) == "ffffffff-ffff-7000-8000-000000000000");
  CHECK(uuidAt(std::numeric_limits<std::int64_t>::max(), kZeros) == "ffffffff-ffff-7000-8000-000000000000");
}

TEST_CASE("ids sort by the time at which they were made") {
  CHECK(uuidV7(timeFromMs(255), kOnes) < uuidV7(timeFromMs(256), kZeros));
  CHECK(uuidV7(timeFromMs(65'535), kOnes) < uuidV7(timeFromMs(65'536), kZeros));
}

TEST_CASE("an id is read from its 8-4-4-4-12 form, and from no other") {
  const std::string text = "018f3c1e-9a4b-7c31-8d2e-0123456789ab";
  const auto id = parseId<DraftId>(text);
  REQUIRE(id);
  CHECK(toText(*id) == text);
  CHECK(parseId<DraftId>("018F3C1E-9A4B-7C31-8D2E-0123456789AB") == id);
  for (const char* wrong : {"", "018f3c1e9a4b7c318d2e0123456789ab", "018f3c1e-9a4b-7c31-8d2e-0123456789a",
                            "018f3c1e-9a4b-7c31-8d2e-0123456789abc", "018f3c1e-9a4b-7c31-8d2e_0123456789ab",
                            "018f3c1e-9a4b-7c31-8d2-e0123456789ab", "g18f3c1e-9a4b-7c31-8d2e-0123456789ab",
                            "{18f3c1e-9a4b-7c31-8d2e-0123456789a}"}) {
    INFO(wrong);
    CHECK(!parseId<DraftId>(wrong));
  }
}

TEST_CASE("only version 7 of the RFC's variant is an id") {
  CHECK(parseUuid("018f3c1e-9a4b-4c31-8d2e-0123456789ab"));
  CHECK(!parseId<OpId>("018f3c1e-9a4b-4c31-8d2e-0123456789ab"));
  CHECK(!parseId<OpId>("018f3c1e-9a4b-7c31-0d2e-0123456789ab"));
  CHECK(!parseId<OpId>("018f3c1e-9a4b-7c31-cd2e-0123456789ab"));
  CHECK(!parseId<OpId>("00000000-0000-0000-0000-000000000000"));
  for (const char variant : {'8', '9', 'a', 'b'}) {
    CHECK(parseId<OpId>(std::string("018f3c1e-9a4b-7c31-") + variant + "d2e-0123456789ab"));
  }
}

TEST_CASE("an id is its two halves") {
  const auto id = OpId::fromHalves(0x018f'3c1e'9a4b'7c31, 0x8d2e'0123'4567'89ab);
  CHECK(toText(id) == "018f3c1e-9a4b-7c31-8d2e-0123456789ab");
  CHECK(id.hi() == 0x018f'3c1e'9a4b'7c31);
  CHECK(id.lo() == 0x8d2e'0123'4567'89ab);
}

// Seconds as `date -u -d @N` prints them.
TEST_CASE("times are written as RFC 3339 with milliseconds") {
  CHECK(timeText(timeFromMs(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(timeText(timeFromMs(1'412'767'621'007)) == "2014-10-08T11:27:01.007Z");
  CHECK(timeText(timeFromMs(951'782'399'999)) == "2000-02-28T23:59:59.999Z");
  CHECK(timeText(timeFromMs(951'782'400'000)) == "2000-02-29T00:00:00.000Z");
  CHECK(timeText(timeFromMs(-1)) == "1969-12-31T23:59:59.999Z");
}

// A device's clock may say anything, and no rule looks at it.
TEST_CASE("a time that RFC 3339 cannot write becomes the nearest that it can") {
  CHECK(timeText(timeFromMs(253'402'300'799'999)) == "9999-12-31T23:59:59.999Z");
  CHECK(timeText(timeFromMs(253'402'300'800'000)) == "9999-12-31T23:59:59.999Z");
  CHECK(timeText(timeFromMs(std::numeric_limits<std::int64_t>::max())) == "9999-12-31T23:59:59.999Z");
  CHECK(timeText(timeFromMs(-62'167'219'200'000)) == "0000-01-01T00:00:00.000Z");
  CHECK(timeText(timeFromMs(-62'167'219'200'001)) == "0000-01-01T00:00:00.000Z");
  CHECK(timeText(timeFromMs(std::numeric_limits<std::int64_t>::min())) == "0000-01-01T00:00:00.000Z");
}

TEST_CASE("the error codes are the 34 of SPEC §12, in an order that never changes") {
  const char* const names[] = {
      "notFound",           "notRingHolder",   "staleEpoch",           "notOwner",        "notAllowed",
      "invalidRecipient",   "alreadyHolder",   "alreadyMember",        "draftLocked",     "draftCompleted",
      "draftDeleted",       "titleInvalid",    "contentEmpty",         "contentTooLong",  "invalidText",
      "idMalformed",        "idTaken",         "idempotencyKeyReused", "staleVersion",    "inviteInvalid",
      "inviteExpired",      "inviteUsed",      "rateLimited",          "quotaExceeded",   "storageFull",
      "storageUnavailable", "unauthenticated", "tokenExpired",         "upgradeRequired", "protocolError",
      "messageTooLarge",    "divergence",      "unavailable",          "internal"};
  REQUIRE(std::size(names) == kErrorCodeCount);
  for (std::size_t i = 0; i < kErrorCodeCount; ++i) {
    const auto code = static_cast<ErrorCode>(i);
    CHECK(errorName(code) == names[i]);
    CHECK(errorFromName(names[i]) == code);
    CHECK(rejection(code) == Rejection{code, std::string(errorMessage(code))});
  }
  CHECK(!errorFromName("NotFound"));
  CHECK(!errorFromName(""));
}

TEST_CASE("every error has a message of its own, in sentences") {
  std::set<std::string_view> messages;
  for (std::size_t i = 0; i < kErrorCodeCount; ++i) {
    const auto message = errorMessage(static_cast<ErrorCode>(i));
    INFO(message);
    CHECK(message.ends_with('.'));
    CHECK(message.find(". ") != std::string_view::npos);
    CHECK(messages.insert(message).second);
  }
}

TEST_CASE("the limits are those of SPEC §13") {
  constexpr Limits kDefaults;
  CHECK(kDefaults.titleCharacters == 200);
  CHECK(kDefaults.segmentBytes == 16'384);
  CHECK(kDefaults.collaborators == 1'000);
  CHECK(kDefaults.segmentsPerDraft == 1'000'000);
  CHECK(kDefaults.messageBytes == 1'048'576);
  CHECK(kDefaults.opsPerPush == 256);
}

TEST_CASE("every operation has its name") {
  CHECK(opName(CreateDraft{}) == "createDraft");
  CHECK(opName(AppendSegment{}) == "appendSegment");
  CHECK(opName(PassRing{}) == "passRing");
  CHECK(opName(RequestRing{}) == "requestRing");
  CHECK(opName(CancelRequest{}) == "cancelRequest");
  CHECK(opName(ReclaimRing{}) == "reclaimRing");
  CHECK(opName(SetTitle{}) == "setTitle");
  CHECK(opName(Lock{}) == "lock");
  CHECK(opName(Unlock{}) == "unlock");
  CHECK(opName(Complete{}) == "complete");
  CHECK(opName(AddCollaborator{}) == "addCollaborator");
  CHECK(opName(SetRole{}) == "setRole");
  CHECK(opName(RemoveCollaborator{}) == "removeCollaborator");
  CHECK(opName(DeleteDraft{}) == "deleteDraft");
  CHECK(opName(RestoreDraft{}) == "restoreDraft");
  CHECK(opName(RedactSegment{}) == "redactSegment");
}

}  // namespace onering::testing
