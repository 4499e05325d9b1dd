#include "passerelle/calibration/samples.h"

#include <png.h>

#include <filesystem>
#include <fstream>

#include "catch.h"
#include "pictures.h"
#include "temporary.h"

using namespace passerelle;
using namespace passerelle::calibration;
using graph::ElementType;
using graph::HostTensor;
using graph::Shape;
using passerelle::testing::TemporaryFolder;

namespace {

graph::Port port(const std::string& name, Shape shape, ElementType type = ElementType::float32) {
  graph::Port result;
  result.name = name;
  result.shape = std::move(shape);
  result.element_type = type;
  return result;
}

HostTensor tensor(Shape shape, float first) {
  HostTensor result;
  result.shape = std::move(shape);
  result.bytes.resize(graph::element_count(result.shape) * sizeof(float));
  for (size_t i = 0; i < graph::element_count(result.shape); ++i) result.as<float>()[i] = first + static_cast<float>(i);
  return result;
}

void write(const std::string& path, const HostTensor& values) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  REQUIRE(graph::write_npy(path, values));
}

void write_png(const std::string& path, uint32_t width, uint32_t height, std::vector<unsigned char> rgb) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_RGB;
  REQUIRE(png_image_write_to_file(&image, path.c_str(), 0, rgb.data(), 0, nullptr) != 0);
}

std::string complaint(const std::string& path, const std::vector<graph::Port>& inputs) {
  Expected<Samples> samples = Samples::open(path, inputs, {}, std::nullopt);
  if (!samples) return samples.error().message;
  for (size_t i = 0; i < samples->count(); ++i)
    if (Expected<Sample> sample = samples->read(i); !sample) return sample.error().message;
  return "none";
}

}  // namespace

TEST_CASE("a folder of .npy files, in the order of names") {
  TemporaryFolder folder;
  write(folder / "b.npy", tensor({1, 2, 3}, 10));
  write(folder / "a.npy", tensor({2, 3}, 0));  // without the batch
  write(folder / ".hidden.npy", tensor({7}, 0));
  Expected<Samples> samples = Samples::open(folder.path(), {port("x", {1, 2, 3})}, {}, std::nullopt);
  REQUIRE(samples);
  REQUIRE(samples->count() == 2);
  Expected<Sample> first = samples->read(0), second = samples->read(1);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->front().shape == Shape{1, 2, 3});
  CHECK(first->front().as<float>()[0] == 0);
  CHECK(second->front().as<float>()[0] == 10);
}

TEST_CASE("a folder a sample, a file an input") {
  TemporaryFolder folder;
  for (const char* name : {"one", "two"}) {
    write(folder / (std::string(name) + "/left.npy"), tensor({1, 2}, 1));
    write(folder / (std::string(name) + "/right.npy"), tensor({1, 3}, 2));
  }
  Expected<Samples> samples =
      Samples::open(folder.path(), {port("right", {1, 3}), port("left", {1, 2})}, {}, std::nullopt);
  REQUIRE(samples);
  REQUIRE(samples->count() == 2);
  Expected<Sample> sample = samples->read(0);
  REQUIRE(sample);
  CHECK((*sample)[0].as<float>()[0] == 2);
  CHECK((*sample)[1].as<float>()[0] == 1);
}

TEST_CASE("one file with a dimension of samples in front") {
  TemporaryFolder folder;
  write(folder / "all.npy", tensor({5, 2, 3}, 0));
  Expected<Samples> samples = Samples::open(folder / "all.npy", {port("x", {1, 2, 3})}, {}, std::nullopt);
  REQUIRE(samples);
  REQUIRE(samples->count() == 5);
  CHECK((*samples->read(4)).front().as<float>()[0] == 24);
  CHECK((*samples->read(4)).front().shape == Shape{1, 2, 3});
  Expected<Samples> spread = Samples::open(folder / "all.npy", {port("x", {1, 2, 3})}, {}, 2);
  REQUIRE(spread);
  REQUIRE(spread->count() == 2);
  CHECK((*spread->read(1)).front().as<float>()[0] == 12);
}

TEST_CASE("what fits nothing is told with its place") {
  TemporaryFolder folder;
  const std::vector<graph::Port> one{port("x", {1, 2, 3})}, two{port("x", {1, 2}), port("y", {1})};
  CHECK(complaint(folder / "none", one) == folder / "none" + ": no such file or folder");
  CHECK_THAT(complaint(folder.path(), one), Catch::Matchers::ContainsSubstring("it holds no samples"));
  write(folder / "a.npy", tensor({3, 2}, 0));
  CHECK_THAT(complaint(folder.path(), one),
             Catch::Matchers::ContainsSubstring("a.npy: it is float32 3x2, and the input 'x' takes float32 1x2x3"));
  CHECK_THAT(complaint(folder.path(), two),
             Catch::Matchers::ContainsSubstring("this one has 2: give a folder a sample"));
  CHECK_THAT(complaint(folder / "a.npy", one), Catch::Matchers::ContainsSubstring("N samples of 1x2x3"));
  write(folder / "sub/s/x.npy", tensor({1, 2}, 0));
  CHECK_THAT(complaint(folder / "sub", two), Catch::Matchers::ContainsSubstring("s/y.npy"));
}

TEST_CASE("pictures become tensors as the options say") {
  TemporaryFolder folder;
  std::vector<unsigned char> pixels;
  for (int i = 0; i < 4 * 2; ++i) pixels.insert(pixels.end(), {255, 51, 0});
  write_png(folder / "a.png", 4, 2, pixels);
  ImageOptions options;
  options.mean = {0.5, 0, 0};
  options.deviation = {0.5, 1, 0.1};
  Expected<HostTensor> image = read_picture(folder / "a.png", port("x", {1, 3, 2, 2}), options);
  REQUIRE(image);
  CHECK(image->shape == Shape{1, 3, 2, 2});
  CHECK(image->as<float>()[0] == Catch::Approx(1));
  CHECK(image->as<float>()[4] == Catch::Approx(0.2));
  CHECK(image->as<float>()[8] == Catch::Approx(0).margin(1e-6));
  options.is_bgr = true;
  image = read_picture(folder / "a.png", port("x", {1, 3, 2, 2}), options);
  REQUIRE(image);
  CHECK(image->as<float>()[8] == Catch::Approx(10));
  Expected<HostTensor> bytes = read_picture(folder / "a.png", port("x", {1, 3, 2, 2}, ElementType::uint8), {});
  REQUIRE(bytes);
  CHECK(bytes->bytes[4] == 51);
  Expected<HostTensor> grey = read_picture(folder / "a.png", port("x", {1, 1, 2, 2}), {});
  REQUIRE(grey);
  CHECK(grey->as<float>()[0] == Catch::Approx(0.299 + 0.587 * 0.2));
  CHECK_THAT(read_picture(folder / "a.png", port("x", {1, 8}), {}).error().message,
             Catch::Matchers::ContainsSubstring("not 1x3xHxW"));
}

TEST_CASE("what is no picture is told") {
  TemporaryFolder folder;
  for (const char* name : {"a.png", "a.jpg"}) {
    std::ofstream(folder / name) << "no picture";
    const Expected<HostTensor> image = read_picture(folder / name, port("x", {1, 3, 2, 2}), {});
    REQUIRE_FALSE(image);
    CHECK(image.error().kind == ErrorKind::unreadable);
    CHECK_THAT(image.error().message, Catch::Matchers::StartsWith(folder / name + ": not a "));
  }
}

TEST_CASE("a smaller picture is the mean of what it covers, and its centre is cut out") {
  Picture picture{8, 4, 1, {}};
  for (int i = 0; i < 32; ++i) picture.values.push_back(static_cast<float>(i % 8));
  const Picture same = resized(picture, 8, 4);
  CHECK(same.values == picture.values);
  const Picture half = resized(picture, 4, 2);
  REQUIRE(half.values.size() == 8);
  for (size_t i = 1; i < 3; ++i) CHECK(half.values[i] == Catch::Approx(0.5 + 2.0 * static_cast<double>(i)));
  const Picture centre = centre_of(picture, 2, 2);
  CHECK(centre.values == std::vector<float>{3, 4, 3, 4});
}
