# The package of the converter: find_package(passerelle), then link passerelle::converter. (The loader's own package is
# in loader/CMakeLists.txt: an app wants that one alone.)

set(package passerelle)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/${package})

foreach(room support nnapi graph trace partition stock torchscript lowering passes converter blob)
  set_target_properties(passerelle_${room} PROPERTIES EXPORT_NAME ${room})
  install(TARGETS passerelle_${room} EXPORT ${package} ARCHIVE COMPONENT converter)
endforeach()
foreach(folder support nnapi graph trace partition stock torchscript lowering passes converter blob)
  install(DIRECTORY ${folder}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT converter)
endforeach()
set_target_properties(passerelle_libtorch PROPERTIES EXPORT_NAME libtorch)
install(TARGETS passerelle_libtorch EXPORT ${package} COMPONENT converter)

install(EXPORT ${package} FILE ${package}Targets.cmake NAMESPACE passerelle:: DESTINATION ${package_folder}
        COMPONENT converter)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/${package}ConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/passerelleConfig.cmake ${PROJECT_BINARY_DIR}/${package}ConfigVersion.cmake
        DESTINATION ${package_folder} COMPONENT converter)
