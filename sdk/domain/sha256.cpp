// The names are those of FIPS 180-4 §4.1.2 and §6.2: a-h, W, K, the sigmas. What is not from there: the message
// schedule is computed four words at a time, in a vector that both builds have (SSE2, WebAssembly's SIMD).
#include "onering/domain/sha256.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace onering {

namespace {

using Word = std::uint32_t;
using Words = std::array<Word, 8>;
using Quad __attribute__((vector_size(16))) = Word;

constexpr std::array<Word, 64> kK{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// Numbers are big-endian in SHA-256, and little-endian on every machine that this is built for.
static_assert(std::endian::native == std::endian::little);

Quad loadQuad(const void* from) {
  Quad quad;
  std::memcpy(&quad, from, sizeof quad);
  return quad;
}

Quad loadBigEndian(const std::uint8_t* from) {
  std::array<Word, 4> words{};
  std::memcpy(words.data(), from, sizeof words);
  for (Word& word : words) word = std::byteswap(word);
  return loadQuad(words.data());
}

template <int N>
Quad rotr(Quad words) {
  return (words >> N) | (words << (32 - N));
}

Quad smallSigma0(Quad words) {
  return rotr<7>(words) ^ rotr<18>(words) ^ (words >> 3);
}

Quad smallSigma1(Quad words) {
  return rotr<17>(words) ^ rotr<19>(words) ^ (words >> 10);
}

// W[t]-W[t+3] from the sixteen words before them. The last two depend on the first two.
[[gnu::always_inline]] inline Quad scheduled(Quad w16, Quad w12, Quad w8, Quad w4) {
  const Quad sum =
      w16 + smallSigma0(__builtin_shufflevector(w16, w12, 1, 2, 3, 4)) + __builtin_shufflevector(w8, w4, 1, 2, 3, 4);
  const Quad firstTwo = sum + __builtin_shufflevector(smallSigma1(w4), Quad{}, 2, 3, 4, 5);
  return firstTwo + __builtin_shufflevector(smallSigma1(firstTwo), Quad{}, 4, 5, 0, 1);
}

// One round; what a-h are called moves on by one with each.
[[gnu::always_inline]] inline void round(Word a, Word b, Word c, Word& d, Word e, Word f, Word g, Word& h, Word wk) {
  const Word sigma1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
  const Word sigma0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
  const Word ch = g ^ (e & (f ^ g));
  const Word maj = (a & b) | (c & (a | b));
  const Word t1 = h + sigma1 + ch + wk;
  d += t1;
  h = t1 + sigma0 + maj;
}

[[gnu::always_inline]] inline void fourRounds(Word& a, Word& b, Word& c, Word& d, Word& e, Word& f, Word& g, Word& h,
                                              Quad w, std::size_t t) {
  const Quad wk = w + loadQuad(&kK[t]);
  round(a, b, c, d, e, f, g, h, wk[0]);
  round(h, a, b, c, d, e, f, g, wk[1]);
  round(g, h, a, b, c, d, e, f, wk[2]);
  round(f, g, h, a, b, c, d, e, wk[3]);
}

void compress(Words& state, const std::uint8_t* block) {
  auto [a, b, c, d, e, f, g, h] = state;
  Quad w0 = loadBigEndian(block);
  Quad w1 = loadBigEndian(block + 16);
  Quad w2 = loadBigEndian(block + 32);
  Quad w3 = loadBigEndian(block + 48);
  for (std::size_t t = 0;; t += 16) {
    fourRounds(a, b, c, d, e, f, g, h, w0, t);
    fourRounds(e, f, g, h, a, b, c, d, w1, t + 4);
    fourRounds(a, b, c, d, e, f, g, h, w2, t + 8);
    fourRounds(e, f, g, h, a, b, c, d, w3, t + 12);
    if (t == 48) break;
    w0 = scheduled(w0, w1, w2, w3);
    w1 = scheduled(w1, w2, w3, w0);
    w2 = scheduled(w2, w3, w0, w1);
    w3 = scheduled(w3, w0, w1, w2);
  }
  const Words added{a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < state.size(); ++i) state[i] += added[i];
}

}  // namespace

Sha256& Sha256::add(std::span<const std::uint8_t> bytes) {
  const std::size_t held = size_ % kBlockSize;
  size_ += bytes.size();
  if (held > 0) {
    const std::size_t taken = std::min(bytes.size(), kBlockSize - held);
    std::ranges::copy(bytes.first(taken), rest_.begin() + static_cast<std::ptrdiff_t>(held));
    bytes = bytes.subspan(taken);
    if (held + taken < kBlockSize) return *this;
    compress(state_, rest_.data());
  }
  for (; bytes.size() >= kBlockSize; bytes = bytes.subspan(kBlockSize)) compress(state_, bytes.data());
  std::ranges::copy(bytes, rest_.begin());
  return *this;
}

Sha256& Sha256::addFramed(std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  const std::array<std::uint8_t, 4> frame{static_cast<std::uint8_t>(size), static_cast<std::uint8_t>(size >> 8U),
                                          static_cast<std::uint8_t>(size >> 16U),
                                          static_cast<std::uint8_t>(size >> 24U)};
  return add(frame).add(text);
}

// §5.1.1: a bit, zeros up to the last eight bytes of a block, the length in bits.
Digest Sha256::finish() {
  constexpr std::size_t kLengthAt = kBlockSize - 8;
  const std::uint64_t bits = std::byteswap(size_ * 8);
  std::size_t held = size_ % kBlockSize;
  rest_[held++] = 0x80;
  if (held > kLengthAt) {
    std::fill(rest_.begin() + static_cast<std::ptrdiff_t>(held), rest_.end(), std::uint8_t{0});
    compress(state_, rest_.data());
    held = 0;
  }
  std::fill(rest_.begin() + static_cast<std::ptrdiff_t>(held), rest_.end(), std::uint8_t{0});
  std::memcpy(&rest_[kLengthAt], &bits, sizeof bits);
  compress(state_, rest_.data());

  for (Word& word : state_) word = std::byteswap(word);
  Digest digest;
  static_assert(sizeof digest == sizeof state_);
  std::memcpy(digest.data(), state_.data(), sizeof digest);
  return digest;
}

}  // namespace onering
