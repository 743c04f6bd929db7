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

  identity_reading load(const certificate_form& form) {
    files.write("lb1", make_signed(form, &authority));
    return load_lb1();
  }
  identity_reading load_lb1() const {
    return read_identity(
      {files.file("ca.pem"), files.file("lb1.pem"), files.file("lb1.key")},
      "lb1");
  }
  static bool says(const identity_reading& loaded, const std::string& text) {
    CAF_CHECK(!loaded.identity);
    for (const auto& problem : loaded.problems)
      if (problem.text.find(text) != std::string::npos)
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
  CAF_CHECK(loaded.problems.empty());
  CAF_REQUIRE(loaded.identity);
  CAF_CHECK_EQUAL(loaded.warning, "");
  auto* native = loaded.identity->context()->native_handle();
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

CAF_TEST(a certificate that no peer takes today is a problem) {
  certificate_form form{.common_name = "lb1",
                        .alternative_names = "DNS:lb1",
                        .valid_from = -7'200,
                        .valid_to = -3'600};
  CAF_CHECK(says(load(form), "lb1.pem: certificate has expired"));
  form.valid_from = 3'600;
  form.valid_to = 7'200;
  CAF_CHECK(says(load(form), "lb1.pem: certificate is not yet valid"));
}

CAF_TEST(a certificate for one side of TLS alone is a problem) {
  for (const auto* use : {"serverAuth", "clientAuth"})
    CAF_CHECK(says(load({.common_name = "lb1",
                         .alternative_names = "DNS:lb1",
                         .extended_key_usage = use}),
                   "lb1.pem: may not be used for both sides of TLS"));
  CAF_CHECK(load({.common_name = "lb1",
                  .alternative_names = "DNS:lb1",
                  .extended_key_usage = "serverAuth,clientAuth"})
              .identity);
}

CAF_TEST(there is no identity without certificates) {
  bool refused = false;
  try {
    tls_identity{nullptr};
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CAF_CHECK(refused);
  const auto loaded =
    load({.common_name = "lb1", .alternative_names = "DNS:lb1"});
  auto from = *loaded.identity;
  const auto to = std::move(from);
  CAF_CHECK(from.context() != nullptr); // NOLINT(bugprone-use-after-move)
  CAF_CHECK(to.context() == from.context());
}

CAF_TEST(a certificate that soon expires is warned about) {
  const auto loaded = load({.common_name = "lb1",
                            .alternative_names = "DNS:lb1",
                            .valid_to = 5L * 3'600 + 60});
  CAF_CHECK(loaded.identity);
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
