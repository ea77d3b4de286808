// What the tests ask of JupyterLab's own model: cells out of sight are not in the page.
const VIEW = 'application/vnd.jupyter.widget-view+json';

window.book = {
  panel: () => window.jupyterapp?.shell.currentWidget,
  cells: () => book.panel().content.widgets.map((cell, index) => ({
    index,
    code: cell.model.type === 'code' && cell.model.sharedModel.source.trim() !== '',
    count: cell.model.executionCount,
    outputs: cell.model.type === 'code' ? cell.model.outputs.toJSON() : [],
  })),
  code: () => book.cells().filter(cell => cell.code),
  withWidget: () => book.code().filter(cell => cell.outputs.some(o => o.data?.[VIEW])).map(cell => cell.index),
  ready: () => book.panel()?.context?.isReady && book.panel().sessionContext.session?.kernel?.status === 'idle',
  run: () => {
    book.ran = false;
    window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => { book.ran = true; });
  },
  show: async index => {
    book.panel().content.activeCellIndex = index;
    await book.panel().content.scrollToItem(index, 'start');
  },
};
