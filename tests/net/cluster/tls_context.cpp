// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE tls_context

#include "net/cluster/tls_context.hpp"
#include "caf_test.hpp"
#include "net/cluster/certificates.hpp"

#include <openssl/ssl.h>

using namespace troupe::net::cluster;

namespace {

struct fixture {
  fixture() { files.write("ca", authority); }

  loaded_context load(const certificate_form& form) {
    files.write("lb1", make_signed(form, &authority));
    return load_lb1();
  }
  loaded_context load_lb1() const {
    return load_context(
      {files.file("ca.pem"), files.file("lb1.pem"), files.file("lb1.key")},
      "lb1");
  }
  static bool says(const loaded_context& loaded, const std::string& text) {
    CAF_CHECK(loaded.context == nullptr);
    for (const auto& problem : loaded.problems)
      if (problem.find(text) != std::string::npos)
        return true;
    return false;
  }

  certificate_directory files;
  signed_key authority = make_authority("authority");
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(tls_context_tests, fixture)

CAF_TEST(a good certificate makes a context of TLS 1.3 alone) {
  const auto loaded =
    load({.common_name = "x", .alternative_names = "DNS:lb1"});
  CAF_CHECK_EQUAL(loaded.problems, std::vector<std::string>{});
  CAF_REQUIRE(loaded.context);
  CAF_CHECK(loaded.valid_now);
  CAF_CHECK_EQUAL(loaded.warning, "");
  auto* native = loaded.context->native_handle();
  CAF_CHECK_EQUAL(SSL_CTX_get_min_proto_version(native), TLS1_3_VERSION);
  CAF_CHECK_EQUAL(SSL_CTX_get_max_proto_version(native), TLS1_3_VERSION);
}

CAF_TEST(the common name does not stand for an alternative name) {
  CAF_CHECK(says(load({.common_name = "lb1"}),
                 "lb1.pem: is for nobody, but this node is lb1"));
  CAF_CHECK(says(
    load({.common_name = "lb1", .alternative_names = "DNS:lb2,IP:127.0.0.1"}),
    "is for lb2, but this node is lb1"));
  CAF_CHECK(says(load({.common_name = "x", .alternative_names = "DNS:*"}),
                 "is for *, but"));
}

CAF_TEST(a certificate of another authority is a problem) {
  const auto other = make_authority("other");
  files.write(
    "lb1", make_signed({.common_name = "lb1", .alternative_names = "DNS:lb1"},
                       &other));
  CAF_CHECK(says(load_lb1(), "does not lead to"));
}

CAF_TEST(an expired certificate is loaded and said to be of no use) {
  const auto loaded = load({.common_name = "lb1",
                            .alternative_names = "DNS:lb1",
                            .valid_from = -7'200,
                            .valid_to = -3'600});
  CAF_CHECK(loaded.context != nullptr);
  CAF_CHECK(!loaded.valid_now);
  CAF_CHECK(loaded.warning.find("expired") != std::string::npos);
}

CAF_TEST(a certificate that soon expires is warned about) {
  const auto loaded = load({.common_name = "lb1",
                            .alternative_names = "DNS:lb1",
                            .valid_to = 5L * 3'600 + 60});
  CAF_CHECK(loaded.valid_now);
  CAF_CHECK(loaded.warning.find("expires in 5 hours") != std::string::npos);
}

CAF_TEST(files that are missing or torn or do not fit are named) {
  load({.common_name = "lb1", .alternative_names = "DNS:lb1"});
  files.write("other", make_signed({.common_name = "other"}, &authority));
  std::filesystem::copy_file(files.file("other.key"), files.file("lb1.key"),
                             std::filesystem::copy_options::overwrite_existing);
  CAF_CHECK(says(load_lb1(), "lb1.key: "));
  files.write_text("lb1.key", "-----BEGIN PRIVATE KEY-----\nMIG");
  CAF_CHECK(says(load_lb1(), "lb1.key: "));
  files.write_text("lb1.pem", "");
  CAF_CHECK(says(load_lb1(), "lb1.pem: "));
  std::filesystem::remove(files.file("ca.pem"));
  CAF_CHECK(says(load_lb1(), "ca.pem: "));
}

CAF_TEST(a key with a passphrase is an error and not a question) {
  load({.common_name = "lb1", .alternative_names = "DNS:lb1"});
  const openssl_ptr<EVP_PKEY> key{EVP_EC_gen("P-256")};
  {
    const openssl_ptr<BIO> out{
      BIO_new_file(files.file("lb1.key").c_str(), "w")};
    PEM_write_bio_PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(),
                             reinterpret_cast<const unsigned char*>("secret"),
                             6, nullptr, nullptr);
  }
  CAF_CHECK(says(load_lb1(), "lb1.key: "));
}

CAF_TEST_FIXTURE_SCOPE_END()
