#include "onering/domain/canonical.h"

#include <bit>
#include <cstring>

#include "onering/domain/sha256.h"

namespace onering {

namespace {

// The layout of `Op` in onering.capnp, as the Cap'n Proto compiler assigns it.
// Data words 0-9 are common, 10-16 belong to the operation:
//
//   0 seq  1 acceptedAt  2 authoredAt  3,4 id  5,6 draft  7,8 device  9 rulesVersion | tag << 16
//   10 holdLimitMs | epoch (pass, reclaim) | role | segment.hi   11 segment.lo   12 epoch   13-16 digest
//   of an invite: 10,11 invite   12-15 tokenHash   16 lifetimeMs | role << 32
//
// Pointers: 0 actor, 1 the operation's first text, 2 its second.
constexpr std::size_t kDataWords = 17;
constexpr std::size_t kTexts = 3;
constexpr std::size_t kOwn = 10;

struct Row {
  std::array<std::uint64_t, kDataWords> words{};
  std::array<std::string_view, kTexts> texts{};
};

template <typename IdType>
void putId(Row& row, std::size_t at, const IdType& id) {
  row.words[at] = id.hi();
  row.words[at + 1] = id.lo();
}

template <typename IdType>
IdType idAt(const Row& row, std::size_t at) {
  return IdType::fromHalves(row.words[at], row.words[at + 1]);
}

std::uint64_t bigEndianWord(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  for (int i = 0; i < 8; ++i) word = word << 8 | bytes[i];
  return word;
}

void putDigest(Row& row, std::size_t at, const Digest& digest) {
  for (std::size_t i = 0; i < 4; ++i) row.words[at + i] = bigEndianWord(digest.data() + 8 * i);
}

Digest digestAt(const Row& row, std::size_t at) {
  Digest digest;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(row.words[at + i / 8] >> (56 - 8 * (i % 8)));
  }
  return digest;
}

// Writes what is the operation's own.
struct BodyWriter {
  Row& row;

  void operator()(const CreateDraft& body) const {
    row.words[kOwn] = static_cast<std::uint64_t>(body.holdLimit.count());
    row.texts[1] = body.title;
    row.texts[2] = body.platform;
  }
  void operator()(const AppendSegment& body) const {
    putId(row, kOwn, body.segment);
    row.words[12] = body.epoch;
    putDigest(row, 13, body.content.digest);
  }
  void operator()(const PassRing& body) const {
    row.words[kOwn] = body.epoch;
    row.texts[1] = body.to;
  }
  void operator()(const ReclaimRing& body) const { row.words[kOwn] = body.epoch; }
  void operator()(const SetTitle& body) const {
    row.texts[1] = body.title;
    row.texts[2] = body.expect;
  }
  void operator()(const AddCollaborator& body) const { putMember(body.user, body.role); }
  void operator()(const SetRole& body) const { putMember(body.user, body.role); }
  void operator()(const RemoveCollaborator& body) const { row.texts[1] = body.user; }
  void operator()(const RedactSegment& body) const { putId(row, kOwn, body.segment); }
  void operator()(const CreateInvite& body) const {
    putId(row, kOwn, body.invite);
    putDigest(row, 12, body.tokenHash);
    row.words[16] = static_cast<std::uint32_t>(body.lifetime.count()) | static_cast<std::uint64_t>(body.role) << 32U;
    row.texts[1] = body.user;
  }
  void operator()(const RevokeInvite& body) const { putId(row, kOwn, body.invite); }
  void operator()(const AcceptInvite& body) const {
    putId(row, kOwn, body.invite);
    putDigest(row, 12, body.tokenHash);
  }
  template <typename Empty>
  void operator()(const Empty&) const {}

  void putMember(std::string_view user, Role role) const {
    row.words[kOwn] = static_cast<std::uint64_t>(role);
    row.texts[1] = user;
  }
};

// The inverse of BodyWriter; a default body of the alternative goes in.
struct BodyReader {
  const Row& row;

  void operator()(CreateDraft& body) const {
    body.holdLimit = Duration{static_cast<std::int64_t>(row.words[kOwn])};
    body.title = row.texts[1];
    body.platform = row.texts[2];
  }
  void operator()(AppendSegment& body) const {
    body.segment = idAt<SegmentId>(row, kOwn);
    body.epoch = row.words[12];
    body.content = erasedContent(digestAt(row, 13));
  }
  void operator()(PassRing& body) const {
    body.epoch = row.words[kOwn];
    body.to = row.texts[1];
  }
  void operator()(ReclaimRing& body) const { body.epoch = row.words[kOwn]; }
  void operator()(SetTitle& body) const {
    body.title = row.texts[1];
    body.expect = row.texts[2];
  }
  void operator()(AddCollaborator& body) const { takeMember(body.user, body.role); }
  void operator()(SetRole& body) const { takeMember(body.user, body.role); }
  void operator()(RemoveCollaborator& body) const { body.user = row.texts[1]; }
  void operator()(RedactSegment& body) const { body.segment = idAt<SegmentId>(row, kOwn); }
  void operator()(CreateInvite& body) const {
    body.invite = idAt<InviteId>(row, kOwn);
    body.tokenHash = digestAt(row, 12);
    body.lifetime = Duration{static_cast<std::uint32_t>(row.words[16])};
    body.role = static_cast<Role>(row.words[16] >> 32U & 0xFFU);
    body.user = row.texts[1];
  }
  void operator()(RevokeInvite& body) const { body.invite = idAt<InviteId>(row, kOwn); }
  void operator()(AcceptInvite& body) const {
    body.invite = idAt<InviteId>(row, kOwn);
    body.tokenHash = digestAt(row, 12);
  }
  template <typename Empty>
  void operator()(Empty&) const {}

  void takeMember(UserId& user, Role& role) const {
    user = row.texts[1];
    role = static_cast<Role>(row.words[kOwn] & 0xFFU);
  }
};

// Where it ends.
char* putWord(char* to, std::uint64_t word) {
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  std::memcpy(to, &word, sizeof word);
  return to + sizeof word;
}

// Words that a text takes: its bytes and the NUL that Cap'n Proto puts behind them.
std::size_t textWords(std::string_view text) {
  return (text.size() + 1 + 7) / 8;
}

// Canonical form: root pointer, data words without trailing zeros, pointers without trailing nulls, texts
// in order. An empty text is a null pointer.
std::string encode(const Row& row) {
  std::size_t data = kDataWords;
  while (data > 0 && row.words[data - 1] == 0) --data;
  std::size_t pointers = kTexts;
  while (pointers > 0 && row.texts[pointers - 1].empty()) --pointers;

  std::size_t words = 1 + data + pointers;
  for (const std::string_view text : row.texts) words += text.empty() ? 0 : textWords(text);

  std::string bytes;
  bytes.resize_and_overwrite(8 * words, [&](char* to, std::size_t /*room*/) {
    constexpr std::uint64_t kEmptyStruct = 0xFFFFFFFCU;  // points at itself, so as not to be null
    to = putWord(to, data + pointers == 0 ? kEmptyStruct : std::uint64_t{data} << 32U | std::uint64_t{pointers} << 48U);
    for (std::size_t i = 0; i < data; ++i) to = putWord(to, row.words[i]);

    std::uint64_t before = 0;  // words of the texts already placed
    for (std::size_t i = 0; i < pointers; ++i) {
      if (row.texts[i].empty()) {
        to = putWord(to, 0);
        continue;
      }
      constexpr std::uint64_t kListPointer = 1;
      constexpr std::uint64_t kByteElements = std::uint64_t{2} << 32U;
      const std::uint64_t offset = pointers - i - 1 + before;
      to = putWord(to, kListPointer | offset << 2U | kByteElements | std::uint64_t{row.texts[i].size() + 1} << 35U);
      before += textWords(row.texts[i]);
    }
    for (const std::string_view text : row.texts) {
      if (text.empty()) continue;
      char* const end = to + 8 * textWords(text);
      putWord(end - 8, 0);
      std::memcpy(to, text.data(), text.size());
      to = end;
    }
    return 8 * words;  // libstdc++ 12 gives room for more
  });
  return bytes;
}

std::uint64_t wordAt(std::string_view bytes, std::size_t index) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + 8 * index, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

// Reads what encode() wrote. The views point into `bytes`. Only what is needed to stay inside the bytes is
// checked here; parseCanonical() encodes again and compares, which checks everything else.
std::optional<Row> decode(std::string_view bytes) {
  if (bytes.size() < 8 || bytes.size() % 8 != 0) return std::nullopt;
  const std::size_t words = bytes.size() / 8;
  const std::uint64_t root = wordAt(bytes, 0);
  const std::size_t data = root >> 32U & 0xFFFFU;
  const std::size_t pointers = root >> 48U;
  if (data > kDataWords || pointers > kTexts || 1 + data + pointers > words) return std::nullopt;

  Row row;
  for (std::size_t i = 0; i < data; ++i) row.words[i] = wordAt(bytes, 1 + i);
  std::size_t at = 1 + data + pointers;
  for (std::size_t i = 0; i < pointers; ++i) {
    const std::uint64_t pointer = wordAt(bytes, 1 + data + i);
    if (pointer == 0) continue;
    const auto size = static_cast<std::size_t>(pointer >> 35U);  // 29 bits
    if (size < 2 || size > 8 * (words - at)) return std::nullopt;
    row.texts[i] = bytes.substr(8 * at, size - 1);
    at += textWords(row.texts[i]);
  }
  return row;
}

// A default body of alternative `tag`, or nothing when there is none.
template <std::size_t... I>
std::optional<OpBody> bodyOfTag(std::uint64_t tag, std::index_sequence<I...> /*alternatives*/) {
  std::optional<OpBody> body;
  ((tag == I ? void(body.emplace(std::in_place_index<I>)) : void()), ...);
  return body;
}

Row rowOf(const Op& op, const Stamp& stamp) {
  Row row;
  row.words[0] = stamp.seq;
  row.words[1] = static_cast<std::uint64_t>(toMs(stamp.acceptedAt));
  row.words[2] = static_cast<std::uint64_t>(toMs(op.authoredAt));
  putId(row, 3, op.id);
  putId(row, 5, op.draft);
  putId(row, 7, op.device);
  row.words[9] = std::uint64_t{stamp.rulesVersion} | std::uint64_t{op.body.index()} << 16U;
  row.texts[0] = op.actor;
  std::visit(BodyWriter{row}, op.body);
  return row;
}

}  // namespace

std::string canonicalBytes(const Op& op, const Stamp& stamp) {
  return encode(rowOf(op, stamp));
}

std::expected<ParsedOp, Rejection> parseCanonical(std::string_view bytes) {
  const auto malformed = [] { return std::unexpected(rejection(ErrorCode::protocolError)); };
  const std::optional<Row> row = decode(bytes);
  if (!row) return malformed();
  auto body = bodyOfTag(row->words[9] >> 16U, std::make_index_sequence<std::variant_size_v<OpBody>>());
  if (!body) return malformed();
  std::visit(BodyReader{*row}, *body);

  ParsedOp parsed{.op = {.id = idAt<OpId>(*row, 3),
                         .draft = idAt<DraftId>(*row, 5),
                         .actor = UserId(row->texts[0]),
                         .device = idAt<DeviceId>(*row, 7),
                         .authoredAt = timeFromMs(static_cast<std::int64_t>(row->words[2])),
                         .body = std::move(*body)},
                  .stamp = {.seq = row->words[0],
                            .acceptedAt = timeFromMs(static_cast<std::int64_t>(row->words[1])),
                            .rulesVersion = static_cast<std::uint16_t>(row->words[9])}};
  const auto roleIsKnown = [](Role role) { return role <= Role::owner; };
  if (const auto* add = std::get_if<AddCollaborator>(&parsed.op.body); add && !roleIsKnown(add->role))
    return malformed();
  if (const auto* set = std::get_if<SetRole>(&parsed.op.body); set && !roleIsKnown(set->role)) return malformed();
  if (const auto* invite = std::get_if<CreateInvite>(&parsed.op.body); invite && !roleIsKnown(invite->role))
    return malformed();
  if (canonicalBytes(parsed.op, parsed.stamp) != bytes) return malformed();
  return parsed;
}

Digest opDigest(const Op& op) {
  return Sha256().add(canonicalBytes(op, {})).finish();
}

Digest nextLink(const Digest& previous, std::string_view canonical) {
  return Sha256().add(std::string_view("onering/1")).add(previous).add(canonical).finish();
}

Digest nextLink(const Digest& previous, const LogEntry& entry) {
  return nextLink(previous, canonicalBytes(entry.op, stampOf(entry)));
}

}  // namespace onering
