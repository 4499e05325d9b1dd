# cmake -D BUILD=... -D WORK=... -D MODEL=... -D FLAGS=... -P consume.cmake
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

set(prefix ${WORK}/installed)
set(consumer ${WORK}/consumer)
file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/consumer -B ${consumer} -G Ninja -DCMAKE_PREFIX_PATH=${prefix}
    -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS=${FLAGS}")
run(${CMAKE_COMMAND} --build ${consumer})
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/c_consumer -B ${consumer}-c -G Ninja -DCMAKE_PREFIX_PATH=${prefix}
    "-DCMAKE_C_FLAGS=${FLAGS}")
run(${CMAKE_COMMAND} --build ${consumer}-c)

# The one writes a file, the other opens it, and the installed command runs it with the installed host NNAPI.
run(${consumer}/use_converter ${MODEL} ${WORK}/model.nnapi)
run(${consumer}/use_loader ${WORK}/model.nnapi)
file(GLOB_RECURSE host_nnapi ${prefix}/*/libneuralnetworks.so)
run(${consumer}-c/use_loader_from_c ${WORK}/model.nnapi ${host_nnapi})
run(${prefix}/bin/passerelle verify ${MODEL} ${WORK}/model.nnapi)
